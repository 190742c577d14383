"""Values written for Hydra's command line, whatever letters they hold."""

from __future__ import annotations

import re


def quoted(text: str) -> str:
    r"""A text in the quotes of Hydra's grammar, which give back every letter: spaces, commas, brackets and the rest.

    Within single quotes only these mean something: a quote, backslashes right before a quote, and `${`, before which
    OmegaConf counts the backslashes.

    >>> quoted("l'été, [1]")
    "'l\\'été, [1]'"
    """
    text = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", text)
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", text)
    text = re.sub(r"(\\+)$", lambda found: found[1] * 2, text)
    return f"'{text}'"


def override(key: str, text: object) -> str:
    """An override that sets a key to a text."""
    return f"{key}={quoted(str(text))}"

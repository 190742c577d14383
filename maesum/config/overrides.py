"""Values written for Hydra's command line, whatever letters they hold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

#: Holds single quotes, and nothing that a shell reads within double ones.
_IN_DOUBLE_QUOTES = re.compile(r"""(?=.*')[^"$`\\!]+""")


def quoted(text: str) -> str:
    r"""A text in the quotes of Hydra's grammar, which give back every letter: spaces, commas, brackets and the rest.

    Within single quotes only these mean something: a quote, backslashes right before a quote, and `${`, before which
    OmegaConf counts the backslashes.

    >>> quoted("l'été, [1]")
    "'l\\'été, [1]'"
    """
    text = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", text)
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", text)
    text = re.sub(r"(\\+)\Z", lambda found: found[1] * 2, text)
    return f"'{text}'"


def override(key: str, text: object) -> str:
    """An override that sets a key to a text."""
    return f"{key}={quoted(str(text))}"


def path_setting(key: str, path: Path) -> str:
    """An override that sets a path, in the quotes that Hydra's grammar asks for where it does.

    A name without a slash is quoted as well, since it might read as a number.
    """
    if re.fullmatch(r"(?=.*/)[\w./-]+", str(path), re.ASCII):
        return f"{key}={path}"
    return f"{key}={quoted(str(path))}"


def as_typed(arguments: Sequence[str]) -> str:
    """A command line for a shell, with quotes around the arguments that need them."""
    return " ".join(f'"{each}"' if _IN_DOUBLE_QUOTES.fullmatch(each) else shlex.quote(each) for each in arguments)

"""Write overrides for Hydra's command line, quoting values that contain special characters."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

#: Text with single quotes and without the characters that a shell interprets within double quotes.
_IN_DOUBLE_QUOTES = re.compile(r"""(?=.*')[^"$`\\!]+""")


def quoted(text: str) -> str:
    r"""Return a text in single quotes of Hydra's grammar, so that Hydra reads back every character unchanged.

    Within single quotes only these are special: a quote, backslashes right before a quote, and `${`, before which
    OmegaConf counts the backslashes.

    >>> quoted("l'été, [1]")
    "'l\\'été, [1]'"
    """
    text = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", text)
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", text)
    text = re.sub(r"(\\+)\Z", lambda found: found[1] * 2, text)
    return f"'{text}'"


def override(key: str, text: object) -> str:
    """Return an override that sets a key to a text, quoted."""
    return f"{key}={quoted(str(text))}"


def path_setting(key: str, path: Path) -> str:
    """Return an override that sets a path, quoted only where Hydra's grammar needs it.

    A name without a slash is quoted as well, since Hydra might read it as a number.
    """
    if re.fullmatch(r"(?=.*/)[\w./-]+", str(path), re.ASCII):
        return f"{key}={path}"
    return f"{key}={quoted(str(path))}"


def as_typed(arguments: Sequence[str]) -> str:
    """Return the arguments as one command line for a shell, with quotes around the arguments that need them."""
    return " ".join(f'"{each}"' if _IN_DOUBLE_QUOTES.fullmatch(each) else shlex.quote(each) for each in arguments)

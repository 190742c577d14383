"""Quote texts on the command line, so that a path, a pattern or a name may contain any characters.

In Hydra's grammar brackets, commas, quotes, `=` and spaces are special, and characters outside ASCII are refused. So
the value of a setting that is a text (`maesum.config.fields`) is put in Hydra's quotes here, unless it is meant as
something else in that grammar: a list, `null`, an interpolation, or the values of a multirun.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override, QuotedString

from maesum.cli.overrides import parsed
from maesum.config.overrides import quoted

#: Settings of Hydra itself that are texts.
_OF_HYDRA = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")
#: A key with its value as typed, which need not follow the grammar.
ASSIGNMENT = re.compile(r"(?P<key>[+~]*[\w./@-]+)=(?P<value>.+)", re.DOTALL)


def quote_texts(arguments: Sequence[str], text_keys: Iterable[str], sweeps: bool) -> list[str]:
    """Return the arguments of a command with quotes around the values that are texts.

    Args:
        arguments: the arguments as the shell passes them.
        text_keys: the keys that take a text; `*` stands for any name.
        sweeps: whether this is a multirun (`-m`), in which commas separate the values to run with.
    """
    patterns = (*text_keys, *_OF_HYDRA)
    return [_quoted_argument(argument, patterns, sweeps) for argument in arguments]


def _quoted_argument(argument: str, patterns: Sequence[str], sweeps: bool) -> str:
    parts = ASSIGNMENT.fullmatch(argument)
    if parts is None or not any(fnmatchcase(parts["key"].lstrip("+~"), pattern) for pattern in patterns):
        return argument
    key, value = parts["key"], parts["value"]
    if value.startswith("~/"):  # not every shell expands this after a `=`
        value = os.path.expanduser(value)
        argument = f"{key}={value}"
    if _is_meant_for_hydra(parsed(argument), value, sweeps):
        return argument
    return f"{key}={quoted(value)}"


def _is_meant_for_hydra(override: Override | None, typed: str, sweeps: bool) -> bool:
    """Return whether a value is meant in Hydra's grammar, as a list or `null`; False if a file has this name."""
    if override is None or _exists(typed):
        return False
    if override.is_sweep_override():
        return sweeps
    value: Any = override._value
    if isinstance(value, (QuotedString, list, dict)) or value is None:
        return True
    return "${" in typed or value == typed


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # the name is too long, or contains a NUL
        return False

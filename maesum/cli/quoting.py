"""Texts on the command line: a path, a pattern or a name may hold whatever letters a person types.

Hydra's grammar gives brackets, commas, quotes, `=` and blanks a meaning, and refuses letters outside ASCII. So a value
of a setting that is a text (`maesum.config.fields`) is put in the grammar's quotes here, unless it says something in
that grammar that a text cannot mean: a list, `null`, an interpolation, or the values of a sweep.
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

#: Texts of Hydra's own that a user sets.
_OF_HYDRA = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")
#: A key and what a person means by its value, which need not follow the grammar yet.
ASSIGNMENT = re.compile(r"(?P<key>[+~]*[\w./@-]+)=(?P<value>.+)", re.DOTALL)


def quote_texts(arguments: Sequence[str], text_keys: Iterable[str], sweeps: bool) -> list[str]:
    """The arguments of a command with the texts among their values in quotes.

    Args:
        arguments: as a shell hands them on.
        text_keys: the keys that take a text, `*` standing for any name.
        sweeps: whether the command runs once for each of several values (`-m`), so that commas separate them.
    """
    patterns = (*text_keys, *_OF_HYDRA)
    return [_quoted_argument(argument, patterns, sweeps) for argument in arguments]


def _quoted_argument(argument: str, patterns: Sequence[str], sweeps: bool) -> str:
    parts = ASSIGNMENT.fullmatch(argument)
    if parts is None or not any(fnmatchcase(parts["key"].lstrip("+~"), pattern) for pattern in patterns):
        return argument
    key, value = parts["key"], parts["value"]
    if value.startswith("~/"):  # which not every shell expands behind a `=`
        value = os.path.expanduser(value)
        argument = f"{key}={value}"
    if _is_meant_for_hydra(parsed(argument), value, sweeps):
        return argument
    return f"{key}={quoted(value)}"


def _is_meant_for_hydra(override: Override | None, typed: str, sweeps: bool) -> bool:
    """Whether a value says in Hydra's grammar what a text cannot mean; a file of just that name is meant as such."""
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
    except (OSError, ValueError):  # too long a name, or a NUL in it
        return False

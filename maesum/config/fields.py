"""Declare settings as fields of dataclasses: each with its default, its help text and the values that it may have.

`maesum.config.checking` checks all of them in one loop, and `--help` prints their help texts.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import field, fields, is_dataclass
from typing import Any, NamedTuple, cast, get_args, get_origin, get_type_hints

from maesum.system.errors import MaesumError

#: The largest whole number accepted where a setting declares no limit; index arithmetic overflows only far above it.
LARGEST = 2**31 - 1
#: The largest seed that numpy's and Lightning's generators take.
LARGEST_SEED = 2**32 - 1
_MEANING, _RANGE, _CHOICES, _IS_TEXT = "meaning", "range", "choices", "is_text"


class Range(NamedTuple):
    """A range of finite numbers: at least `at_least`, more than `above`, at most `at_most`; None = no such limit."""

    at_least: float | None
    above: float | None
    at_most: float | None

    def __contains__(self, value: object) -> bool:
        number = cast(float, value)
        return (  # each comparison is false for NaN, so NaN is outside
            (self.at_least is None or number >= self.at_least)
            and (self.above is None or number > self.above)
            and (self.at_most is None or number <= self.at_most)
            and (isinstance(value, int) or math.isfinite(number))
        )

    def __str__(self) -> str:
        limits = (("at least", self.at_least), ("more than", self.above), ("at most", self.at_most))
        return " and ".join(f"{word} {limit:.10g}" for word, limit in limits if limit is not None)


def setting(
    default: Any,
    meaning: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    choices: tuple[str, ...] = (),
    is_text: bool = False,
) -> Any:
    """Return a dataclass field that declares one setting.

    Args:
        default: the value if none is given; a list or dict is copied for every instance.
        meaning: the help text that `--help` prints.
        at_least: the smallest number allowed; None = no such limit.
        above: the number that the value must exceed; None = no such limit.
        at_most: the largest number allowed; None = no such limit.
        choices: the texts allowed; empty = any.
        is_text: whether the value is a path, a pattern or free text, which may contain any characters on the command
            line (see `maesum.cli.quoting`).
    """
    metadata: dict[str, Any] = {_MEANING: meaning, _CHOICES: choices, _IS_TEXT: is_text}
    if not at_least is above is at_most is None:
        metadata[_RANGE] = Range(at_least, above, at_most)
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def meanings(schema: type) -> dict[str, str]:
    """Return the help text of each setting of a dataclass and of its base classes, by name."""
    return {each.name: each.metadata[_MEANING] for each in fields(schema) if _MEANING in each.metadata}


def heading(schema: type) -> str:
    """Return the first line of a dataclass's docstring, which `--help` prints above its settings."""
    return (inspect.getdoc(schema) or "").split("\n")[0]


def range_of(schema: type, name: str) -> Range | None:
    """Return the range that a setting was declared with; None if it has none."""
    return next(each.metadata.get(_RANGE) for each in fields(schema) if each.name == name)


def choices_of(schema: type, name: str) -> tuple[str, ...]:
    """Return the texts that a setting may have; an empty tuple if any text is allowed."""
    return next(each.metadata.get(_CHOICES, ()) for each in fields(schema) if each.name == name)


def numeric_fields(schema: type) -> Iterator[str]:
    """Yield the names of the settings whose type is a number, or a number or None."""
    hints = get_type_hints(schema)
    for each in fields(schema):
        kinds = {hints[each.name], *get_args(hints[each.name])}
        if kinds <= {int, float, int | None, float | None, type(None)}:
            yield each.name


def text_fields(schema: type, prefix: str = "") -> Iterator[str]:
    """Yield the keys of the settings that are paths, patterns or free text, nested dataclasses included.

    `*` stands for any key of a mapping: `benchmarks.*.features`.
    """
    hints = get_type_hints(schema)
    for each in fields(schema):
        hint, key = hints[each.name], f"{prefix}{each.name}"
        if is_dataclass(hint):
            yield from text_fields(cast(type, hint), f"{key}.")
        elif get_origin(hint) is dict and is_dataclass(get_args(hint)[1]):
            yield from text_fields(get_args(hint)[1], f"{key}.*.")
        elif each.metadata.get(_IS_TEXT):
            yield key


def has_limits(metadata: Mapping[str, Any]) -> bool:
    """Whether a setting was declared with a range or choices."""
    return bool(metadata.get(_RANGE) or metadata.get(_CHOICES))


def check_value(key: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Refuse a value outside the range or the choices of its setting; None passes.

    Args:
        key: the name of the setting in the error message.
        metadata: the metadata of the dataclass field, as `setting` makes it.

    Raises:
        MaesumError: naming the key, the value found and the values wanted.
    """
    allowed, choices = metadata.get(_RANGE), metadata.get(_CHOICES)
    if value is None:
        return
    if allowed is not None:
        if isinstance(value, int) and value > LARGEST and allowed.at_most is None:
            allowed = allowed._replace(at_most=LARGEST)
        if value not in allowed:
            raise MaesumError(f"{key} is {value}, wanted {allowed}.")
    elif choices and value not in choices:
        raise MaesumError(f"{key} is {value!r}, wanted one of {', '.join(choices)}.")

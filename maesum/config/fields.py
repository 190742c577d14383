"""Settings as fields of dataclasses: each declares its default, what it means, and the values that it may have.

One loop checks all of them (`maesum.config.checking`), and `--help` prints what they mean.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import field, fields, is_dataclass
from typing import Any, NamedTuple, cast, get_args, get_origin, get_type_hints

from maesum.system.errors import MaesumError

#: What whole numbers without a limit of their own end at: arithmetic on indices overflows far above it.
LARGEST = 2**31 - 1
#: The largest seed that numpy's and Lightning's generators take.
LARGEST_SEED = 2**32 - 1
_MEANING, _RANGE, _CHOICES, _IS_TEXT = "meaning", "range", "choices", "is_text"


class Range(NamedTuple):
    """The finite numbers from `at_least` (or from just above `above`) to `at_most`, where these are given."""

    at_least: float | None
    above: float | None
    at_most: float | None

    def __contains__(self, value: object) -> bool:
        number = cast(float, value)
        return (  # written so that NaN, which is neither larger nor smaller than anything, is outside
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
    """Declare a field of a settings dataclass.

    Args:
        default: its value where none is given; a list or dict is copied for every instance.
        meaning: what `--help` says about it.
        at_least: the smallest number allowed; None = no such limit.
        above: the number that it must exceed; None = no such limit.
        at_most: the largest number allowed; None = no such limit.
        choices: the only texts allowed; empty = any.
        is_text: whether it is a path, a pattern or free text, which may hold any letters on the command line
            (see `maesum.cli.quoting`).
    """
    metadata: dict[str, Any] = {_MEANING: meaning, _CHOICES: choices, _IS_TEXT: is_text}
    if not at_least is above is at_most is None:
        metadata[_RANGE] = Range(at_least, above, at_most)
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def meanings(schema: type) -> dict[str, str]:
    """What each setting of a dataclass means, those of its bases included."""
    return {each.name: each.metadata[_MEANING] for each in fields(schema) if _MEANING in each.metadata}


def heading(schema: type) -> str:
    """The first line of a dataclass's docstring: what its settings are about."""
    return (inspect.getdoc(schema) or "").split("\n")[0]


def range_of(schema: type, name: str) -> Range | None:
    """The range that a setting was declared with; None where it has none."""
    return next(each.metadata.get(_RANGE) for each in fields(schema) if each.name == name)


def choices_of(schema: type, name: str) -> tuple[str, ...]:
    """The only texts that a setting was declared to have; none where any is allowed."""
    return next(each.metadata.get(_CHOICES, ()) for each in fields(schema) if each.name == name)


def numeric_fields(schema: type) -> Iterator[str]:
    """The names of the settings that hold a number, or a number or nothing."""
    hints = get_type_hints(schema)
    for each in fields(schema):
        kinds = {hints[each.name], *get_args(hints[each.name])}
        if kinds <= {int, float, int | None, float | None, type(None)}:
            yield each.name


def text_fields(schema: type, prefix: str = "") -> Iterator[str]:
    """The keys of the settings that are paths, patterns or free text, with those of the dataclasses within.

    `*` stands for the names of a table: `benchmarks.*.features`.
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
    """Refuse a value outside the range or the choices that its setting was declared with; None passes.

    Args:
        key: what the message calls it.
        metadata: of the field.

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

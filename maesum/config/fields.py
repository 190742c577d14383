"""Settings as fields of dataclasses: each declares its default, what it means, and the values that it may have.

One loop checks all of them (`check_settings`), and `--help` prints what they mean.
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterator
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


def check_settings(schema: type, config: dict[str, Any], prefix: str = "") -> None:
    """Refuse numbers outside the range of their setting and unknown choices, in a config and in the configs within it.

    Args:
        schema: a dataclass whose fields are `setting`s.
        config: its values, resolved; None stands for no value and passes.
        prefix: what stands before its keys, such as "data.".

    Raises:
        MaesumError: naming the key, the value found and the values wanted.
    """
    hints = get_type_hints(schema)
    for each in fields(schema):
        value, hint, key = config[each.name], hints[each.name], f"{prefix}{each.name}"
        if is_dataclass(hint):
            check_settings(cast(type, hint), value, f"{key}.")
        elif get_origin(hint) is dict and is_dataclass(get_args(hint)[1]):
            for name, entry in value.items():
                check_settings(get_args(hint)[1], entry, f"{key}.{name}.")
        elif value is not None:
            _check_value(key, value, each.metadata.get(_RANGE), each.metadata.get(_CHOICES))


def _check_value(key: str, value: Any, allowed: Range | None, choices: tuple[str, ...] | None) -> None:
    if allowed is not None:
        if isinstance(value, int) and value > LARGEST and allowed.at_most is None:
            allowed = allowed._replace(at_most=LARGEST)
        if value not in allowed:
            raise MaesumError(f"{key} is {value}, wanted {allowed}.")
    elif choices and value not in choices:
        raise MaesumError(f"{key} is {value!r}, wanted one of {', '.join(choices)}.")

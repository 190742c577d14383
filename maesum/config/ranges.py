"""The values that a number of a config may have: they stand beside its field, and one loop checks them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields, is_dataclass
from typing import Any, NamedTuple, TypeVar, cast, get_args, get_origin, get_type_hints

from maesum.errors import MaesumError

Number = TypeVar("Number", int, float, int | None)
_KEY = "range"


class Range(NamedTuple):
    """The numbers from `at_least` (or from just above `above`) to `at_most`, where these are given."""

    at_least: float | None
    above: float | None
    at_most: float | None

    def __contains__(self, value: object) -> bool:
        number = cast(float, value)
        return (  # written so that NaN, which is neither larger nor smaller than anything, is outside
            (self.at_least is None or number >= self.at_least)
            and (self.above is None or number > self.above)
            and (self.at_most is None or number <= self.at_most)
        )

    def __str__(self) -> str:
        limits = (("at least", self.at_least), ("more than", self.above), ("at most", self.at_most))
        return " and ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)


def number(
    default: Number, *, at_least: float | None = None, above: float | None = None, at_most: float | None = None
) -> Number:
    """A dataclass field for a number, with the range that `check_ranges` holds it to."""
    return field(default=default, metadata={_KEY: Range(at_least, above, at_most)})


def range_of(schema: type, name: str) -> Range | None:
    """What a field of a schema was declared with, None where it is no `number`."""
    return next(each.metadata.get(_KEY) for each in fields(schema) if each.name == name)


def numeric_fields(schema: type) -> Iterator[str]:
    """The names of the fields that hold a number, or a number or nothing."""
    hints = get_type_hints(schema)
    for each in fields(schema):
        kinds = {hints[each.name], *get_args(hints[each.name])}
        if kinds <= {int, float, int | None, float | None, type(None)}:
            yield each.name


def check_ranges(schema: type, config: dict[str, Any], prefix: str = "") -> None:
    """Refuse numbers outside the range of their field, in a config and in the configs within it.

    Args:
        schema: a dataclass whose `number` fields have ranges.
        config: its values, resolved; None stands for no number and passes.
        prefix: what stands before its keys, such as "data.".

    Raises:
        MaesumError: naming the key, the value found and the range.
    """
    hints = get_type_hints(schema)
    for each in fields(schema):
        value, hint, allowed = config[each.name], hints[each.name], range_of(schema, each.name)
        if is_dataclass(hint):
            check_ranges(cast(type, hint), value, f"{prefix}{each.name}.")
        elif get_origin(hint) is dict and is_dataclass(get_args(hint)[1]):
            for name, entry in value.items():
                check_ranges(get_args(hint)[1], entry, f"{prefix}{each.name}.{name}.")
        elif allowed is not None and value is not None and value not in allowed:
            raise MaesumError(f"{prefix}{each.name} is {value}, wanted {allowed}.")

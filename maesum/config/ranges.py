"""The values that a number or a choice of a config may have: they stand beside its field, and one loop checks all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field, fields, is_dataclass
from typing import Any, NamedTuple, TypeVar, cast, get_args, get_origin, get_type_hints

from maesum.system.errors import MaesumError

Number = TypeVar("Number", int, float, int | None)
_KEY = "range"
_CHOICES = "choices"
#: What whole numbers without a limit of their own end at: arithmetic on indices overflows far above it.
LARGEST = 2**31 - 1
#: The largest seed that numpy's and Lightning's generators take.
LARGEST_SEED = 2**32 - 1


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


def number(
    default: Number, *, at_least: float | None = None, above: float | None = None, at_most: float | None = None
) -> Number:
    """A dataclass field for a number, with the range that `check_ranges` holds it to."""
    return field(default=default, metadata={_KEY: Range(at_least, above, at_most)})


def seed() -> int:
    """A dataclass field for the seed of random choices, 0 unless it is given."""
    return number(0, at_least=0, at_most=LARGEST_SEED)


def choice(default: str | None, *options: str) -> Any:
    """A dataclass field for a text, with the only values that `check_ranges` lets pass."""
    return field(default=default, metadata={_CHOICES: options})


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
    """Refuse numbers outside the range of their field and unknown choices, in a config and in the configs within it.

    Args:
        schema: a dataclass with fields of `number` and `choice`.
        config: its values, resolved; None stands for no number and passes.
        prefix: what stands before its keys, such as "data.".

    Raises:
        MaesumError: naming the key, the value found and the values wanted.
    """
    hints = get_type_hints(schema)
    for each in fields(schema):
        value, hint, allowed = config[each.name], hints[each.name], range_of(schema, each.name)
        if is_dataclass(hint):
            check_ranges(cast(type, hint), value, f"{prefix}{each.name}.")
        elif get_origin(hint) is dict and is_dataclass(get_args(hint)[1]):
            for name, entry in value.items():
                check_ranges(get_args(hint)[1], entry, f"{prefix}{each.name}.{name}.")
        elif allowed is not None and value is not None:
            if isinstance(value, int) and value > LARGEST and allowed.at_most is None:
                allowed = allowed._replace(at_most=LARGEST)
            if value not in allowed:
                raise MaesumError(f"{prefix}{each.name} is {value}, wanted {allowed}.")
        elif each.metadata.get(_CHOICES) and value is not None and value not in each.metadata[_CHOICES]:
            wanted = ", ".join(each.metadata[_CHOICES])
            raise MaesumError(f"{prefix}{each.name} is {value!r}, wanted one of {wanted}.")

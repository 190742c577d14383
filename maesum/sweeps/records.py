"""Read the JSON files of runs, which may be damaged: each field is checked when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maesum.system.errors import MaesumError
from maesum.system.files import read_json


class Record:
    """A table of a JSON file.

    Args:
        content: the content of the table.
        path: the file, for error messages.
        field: the path of this table within the file; "" for the whole file.

    Raises:
        MaesumError: it is no table.
    """

    def __init__(self, content: Any, path: Path, field: str = "") -> None:
        self._path, self._field = path, field
        if not isinstance(content, dict):
            raise self._error(field, content, "a table")
        self._content = content

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read a whole file.

        Raises:
            MaesumError: it is missing, is not JSON, or holds no table.
        """
        return cls(read_json(path), path)

    def table(self, *keys: str) -> Record:
        """Return the table under some keys, one below the other."""
        record = self
        for key in keys:
            record = Record(record._content.get(key), self._path, record._name(key))
        return record

    def optional_table(self, key: str) -> Record | None:
        """Return the table under a key, None where there is nothing."""
        return None if self._content.get(key) is None else self.table(key)

    def optional_list(self, key: str) -> list[Record] | None:
        """Return the tables of the list under a key, None where there is nothing.

        Raises:
            MaesumError: it is no list, or holds what is no table.
        """
        value = self._content.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self._error(self._name(key), value, "a list")
        return [Record(each, self._path, f"{self._name(key)}[{number}]") for number, each in enumerate(value)]

    def tables(self) -> Iterator[tuple[str, Record]]:
        """Yield every table in this one, with its key."""
        for key in self._content:
            yield key, self.table(key)

    def number(self, key: str) -> float | None:
        """Return a figure; None where it is undefined, which is written as null.

        Raises:
            MaesumError: there is no such field, or it is no number.
        """
        if key not in self._content:
            raise self._error(self._name(key), None, "a number")
        return self._number(self._content[key], self._name(key))

    def keys(self) -> list[str]:
        """Return the names of all fields."""
        return list(self._content)

    def has(self, key: str) -> bool:
        """Whether there is such a field, whatever it holds."""
        return key in self._content

    def optional_number(self, key: str) -> float | None:
        """Return a figure that need not be there."""
        return self._number(self._content.get(key), self._name(key))

    def interval(self, key: str) -> tuple[float | None, float | None]:
        """Return the two ends of an interval."""
        value = self._content.get(key)
        if not isinstance(value, list) or len(value) != 2:
            raise self._error(self._name(key), value, "two numbers")
        low, high = (self._number(each, self._name(key)) for each in value)
        return low, high

    def _number(self, value: Any, field: str) -> float | None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise self._error(field, value, "a number")
        return value

    def _name(self, key: str) -> str:
        return f"{self._field}.{key}" if self._field else key

    def _error(self, field: str, value: Any, wanted: str) -> MaesumError:
        where = f"field '{field}'" if field else "the file"
        found = "missing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
        return MaesumError(
            f"{self._path}: {where} is {found}, wanted {wanted}; delete the file, and python -m maesum.sweep runs "
            "its job again."
        )

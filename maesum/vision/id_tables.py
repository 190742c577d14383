"""Read tables of video ids: a header that names the columns, then one video per line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from maesum.data.sources.text import NumberedLine
from maesum.system.errors import MaesumError

_ID_COLUMNS = ("youtube_id", "video_id", "id", "file_name", "filename", "file", "video")
_LABEL_COLUMNS = ("label", "class", "action", "category")
#: Columns of published lists that do not give the class.
_OTHER_COLUMNS = ("time_start", "time_end", "split", "is_cc", "fps", "n_frames", "duration")


class Row(NamedTuple):
    """One video of a table."""

    number: int  # of its line in the file, from 1
    name: str  # an id or a file
    label: str | None


def delimiter_of(header: str) -> str | None:
    """Return the delimiter of a table with this header; None if the line is not the header of a table."""
    found = [delimiter for delimiter in (",", ";", "\t") if delimiter in header]
    return max(found, key=header.count) if found else None


def read_table(lines: Sequence[NumberedLine], delimiter: str, path: Path) -> Iterator[Row]:
    """Yield the videos of a table; blanks around a field are not part of it.

    Raises:
        MaesumError: there is no column of ids, a column of unknown name may hold the labels, or a line has too few or
            too many fields.
    """
    header, *rest = ([field.strip() for field in _fields(line, delimiter, path)] for line in lines)
    columns = [name.lower() for name in header]
    id_column = next((columns.index(name) for name in _ID_COLUMNS if name in columns), None)
    if id_column is None:
        raise MaesumError(f"{path}: the columns are {', '.join(header)}, wanted one of {', '.join(_ID_COLUMNS)}.")
    label_column = next((columns.index(name) for name in _LABEL_COLUMNS if name in columns), None)
    unknown = [name for name in columns if name not in (*_ID_COLUMNS, *_OTHER_COLUMNS)]
    if label_column is None and unknown:
        raise MaesumError(
            f"{path}: the columns are {', '.join(header)}, of which none is called {' or '.join(_LABEL_COLUMNS)}; "
            f"rename the column of the labels, or take '{unknown[0]}' out."
        )
    for line, fields in zip(lines[1:], rest, strict=True):
        if len(fields) != len(columns):
            raise MaesumError(
                f"{path}, line {line.number}: has {len(fields)} fields, wanted {len(columns)} as in the header; put "
                f"quotes around a field that holds {delimiter!r}."
            )
        label = None if label_column is None else fields[label_column]
        if not fields[id_column] or label == "":
            raise MaesumError(f"{path}, line {line.number}: an id or a label is missing, wanted both.")
        yield Row(line.number, fields[id_column], label)


def _fields(line: NumberedLine, delimiter: str, path: Path) -> list[str]:
    try:
        return next(csv.reader([line.text], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise MaesumError(f"{path}, line {line.number}: is not a line of a table ({error}).") from None

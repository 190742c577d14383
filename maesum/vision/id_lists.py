"""Reading the lists that datasets publish: which videos belong to a split, and their classes.

Known forms, told apart by their content::

    2B65vtRd5Ck                                          one id a line (Mini-Kinetics-200)
    label,youtube_id,time_start,time_end,split           CSV with a header (Kinetics-400, -600, -700, and subsets)
    ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1        class folder, file and class number (UCF-101 trainlist)
    ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi          class folder and file (UCF-101 testlist)
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from maesum.data.sources.text import read_lines
from maesum.errors import MaesumError

_ID_COLUMNS = ("youtube_id", "video_id", "id")
_LABEL_COLUMNS = ("label", "class")


@dataclass(frozen=True)
class Listed:
    """What an id list says.

    Attributes:
        path: the list.
        labels: the class of each id, or None where the list gives none.
    """

    path: Path
    labels: dict[str, str | None]


def read_id_list(path: str | Path, classes: str | Path | None = None) -> Listed:
    """Read a list in any of the known forms.

    Args:
        classes: UCF-101's classInd.txt, "number name" a line; the numbers in the list are checked against it.

    Raises:
        MaesumError: missing, empty, of no known form, or in contradiction with `classes`.
    """
    path = Path(path)
    lines = read_lines(path)
    if not lines:
        raise MaesumError(f"{path}: is empty, wanted one video id a line.")
    names = _read_classes(classes) if classes is not None else {}
    if "," in lines[0]:
        labels = _from_csv(lines, path)
    else:
        labels = dict(_from_line(line, number, names, path) for number, line in enumerate(lines, 1))
    return Listed(path, labels)


def _from_csv(lines: list[str], path: Path) -> dict[str, str | None]:
    rows = csv.DictReader(lines)
    header = rows.fieldnames or []
    id_column = next((name for name in _ID_COLUMNS if name in header), None)
    if id_column is None:
        raise MaesumError(f"{path}: the columns are {', '.join(header)}, wanted one of {', '.join(_ID_COLUMNS)}.")
    label_column = next((name for name in _LABEL_COLUMNS if name in header), None)
    labels: dict[str, str | None] = {}
    for number, row in enumerate(rows, 2):
        label = row[label_column] if label_column else None
        if not row[id_column] or (label_column and not label):
            raise MaesumError(f"{path}, line {number}: an id or a label is missing, wanted both.")
        labels[row[id_column]] = label
    return labels


def _from_line(line: str, number: int, names: dict[int, str], path: Path) -> tuple[str, str | None]:
    """The id and the label of one line: folder and class number are both optional."""
    parts = line.split()
    file = PurePosixPath(parts[0])
    label = file.parent.name or None
    if len(parts) > 2 or (len(parts) == 2 and not parts[1].isdigit()):
        raise MaesumError(f"{path}, line {number}: is {line!r}, wanted an id or a file, and at most a class number.")
    if len(parts) == 2 and names:
        named = names.get(int(parts[1]))
        if named is None or (label is not None and label != named):
            raise MaesumError(
                f"{path}, line {number}: class number {parts[1]} stands with '{label or file.name}', but the class "
                f"index calls it {named!r}."
            )
        label = named
    elif label is not None and names and label not in names.values():
        raise MaesumError(f"{path}, line {number}: class '{label}' is not in the class index.")
    video_id = file.stem if label is not None or file.suffix.lower() in (".avi", ".mp4") else file.name
    return video_id, label


def _read_classes(path: str | Path) -> dict[int, str]:
    names = {}
    for number, line in enumerate(read_lines(path), 1):
        parts = line.split()
        if len(parts) != 2 or not parts[0].isdigit():
            raise MaesumError(f"{path}, line {number}: is {line!r}, wanted a class number and its name.")
        names[int(parts[0])] = parts[1]
    return names

"""Read the lists that data sets publish: which videos belong to a split, and their classes.

The known forms, which are recognised by their content::

    2B65vtRd5Ck                                          one id a line (Mini-Kinetics-200)
    My holiday 1.mp4                                     one file a line
    ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1        class folder, file and class number (UCF-101 trainlist)
    ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi          class folder and file (UCF-101 testlist)
    label,youtube_id,time_start,time_end,split           a table with a header (Kinetics-400, -600, -700, and subsets),
                                                         its columns divided by commas, semicolons or tabs

No label is silently lost: a line that could be read in two ways is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from maesum.data.sources.text import NumberedLine, read_numbered_lines
from maesum.system.errors import MaesumError
from maesum.vision.id_tables import delimiter_of, read_table
from maesum.vision.videos import SUFFIXES


@dataclass(frozen=True)
class Listed:
    """The content of an id list.

    Attributes:
        path: the list.
        labels: the class of each id, or None if the list gives none.
    """

    path: Path
    labels: dict[str, str | None]


def read_id_list(path: str | Path, classes: str | Path | None = None) -> Listed:
    """Read a list in any of the known forms.

    Args:
        classes: UCF-101's classInd.txt, "number name" a line; the numbers in the list are checked against it.

    Raises:
        MaesumError: the list is missing, empty or of no known form, gives an id two labels, or contradicts `classes`.
    """
    path = Path(path)
    lines = read_numbered_lines(path)
    if not lines:
        raise MaesumError(f"{path}: is empty, wanted one video id a line.")
    names = _read_classes(classes) if classes is not None else {}
    delimiter = delimiter_of(lines[0].text)
    labels: dict[str, str | None] = {}
    line_of: dict[str, int] = {}
    if delimiter is not None:
        entries = ((row.number, _id_of(row.name), row.label) for row in read_table(lines, delimiter, path))
    else:
        entries = ((line.number, *_from_line(line, names, path)) for line in lines)
    for number, video_id, label in entries:
        if video_id in labels and labels[video_id] != label:
            raise MaesumError(
                f"{path}, line {number}: '{video_id}' is of class {label!r}, but line {line_of[video_id]} says "
                f"{labels[video_id]!r}; leave one of them out."
            )
        labels[video_id] = label
        line_of[video_id] = number
    return Listed(path, labels)


def _id_of(name: str) -> str:
    """Return the id of a video that a list names by its id or its file, perhaps with folders."""
    file = PurePosixPath(name)
    return file.stem if file.suffix.lower() in SUFFIXES else file.name


def _from_line(line: NumberedLine, names: dict[int, str], path: Path) -> tuple[str, str | None]:
    """Return the id and the label of one line: folder and class number are both optional."""
    name, class_number = _split(line, path)
    folder = PurePosixPath(name).parent.name or None
    label = folder
    if class_number is not None and names:
        label = names.get(class_number)
        if label is None or (folder is not None and folder != label):
            raise MaesumError(
                f"{path}, line {line.number}: class number {class_number} stands with "
                f"'{folder or PurePosixPath(name).name}', but the class index calls it {label!r}."
            )
    elif folder is not None and names and folder not in names.values():
        raise MaesumError(f"{path}, line {line.number}: class '{folder}' is not in the class index.")
    elif folder is None and class_number is not None:
        label = str(class_number)  # nothing else tells the class
    return _id_of(name), label


def _split(line: NumberedLine, path: Path) -> tuple[str, int | None]:
    """Split a line into a file or an id, and the class number after it.

    A name may contain spaces only if it ends as a video file does.
    """
    text = line.text
    if PurePosixPath(text).suffix.lower() in SUFFIXES or not text.split()[1:]:
        return text, None
    name, number = text.rsplit(maxsplit=1)
    is_file = PurePosixPath(name).suffix.lower() in SUFFIXES
    if number.isdecimal() and (is_file or not name.split()[1:]):
        return name, int(number)
    raise MaesumError(
        f"{path}, line {line.number}: is {text!r}, wanted an id or a file, and at most a class number; name a file "
        "with its ending where the name holds blanks, and give other labels in a table with the header video_id,label."
    )


def _read_classes(path: str | Path) -> dict[int, str]:
    names: dict[int, str] = {}
    for line in read_numbered_lines(path):
        number, _, name = line.text.partition(" ")
        if not number.isdecimal() or not name.strip():
            raise MaesumError(f"{path}, line {line.number}: is {line.text!r}, wanted a class number and its name.")
        names[int(number)] = name.strip()
    return names

"""Reading text files line by line, and lists of video ids."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from maesum.system.errors import MaesumError


class NumberedLine(NamedTuple):
    """A line that is not blank, without surrounding blanks, and where in the file it stands."""

    number: int  # from 1
    text: str


def read_lines(path: str | Path) -> list[str]:
    """Return the non-blank lines of a text file, without surrounding blanks.

    Raises:
        MaesumError: the file is missing or is not utf-8 text.
    """
    return [line.text for line in read_numbered_lines(path)]


def read_numbered_lines(path: str | Path) -> list[NumberedLine]:
    """Return the same with the lines' numbers, for messages.

    Raises:
        MaesumError: the file is missing or is not utf-8 text.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MaesumError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise MaesumError(f"{path}: is not utf-8 text.") from None
    lines = (NumberedLine(number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [line for line in lines if line.text]


def read_ids(path: str | Path) -> list[str]:
    """Return the video ids of a text file with one id a line, in its order.

    Raises:
        MaesumError: the file is missing, holds no id, or holds one twice.
    """
    ids = read_lines(path)
    if not ids:
        raise MaesumError(f"{path}: is empty, wanted one video id a line.")
    if len(set(ids)) < len(ids):
        repeated = Counter(ids).most_common(1)[0][0]
        raise MaesumError(f"{path}: lists video '{repeated}' twice, wanted each id once.")
    return ids

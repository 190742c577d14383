"""Reading lists of video ids."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from maesum.errors import MaesumError


def read_lines(path: str | Path) -> list[str]:
    """The non-blank lines of a text file, without surrounding blanks.

    Raises:
        MaesumError: the file is missing or is not utf-8 text.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MaesumError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise MaesumError(f"{path}: is not utf-8 text.") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_ids(path: str | Path) -> list[str]:
    """The video ids of a text file with one id a line, in its order.

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

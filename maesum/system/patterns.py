"""Paths and patterns of paths: a name that holds the signs of a pattern is still that file where it exists."""

from __future__ import annotations

import glob
from pathlib import Path


def is_pattern(path: str | Path) -> bool:
    """Whether a path holds `*`, `?` or brackets and no file has just that name."""
    return glob.has_magic(str(path)) and not Path(path).exists()


def fitting(pattern: str | Path) -> list[Path]:
    """The files and folders that fit a pattern, sorted; `**` stands for folders at any depth.

    The folders at its beginning are taken as they are where they are there: `my [2024] clips/*.mp4` has one pattern.
    """
    parts = Path(pattern).parts
    for count in range(len(parts) - 1, 0, -1):
        folder = Path(*parts[:count])
        if folder.exists():
            found = glob.glob(str(Path(glob.escape(str(folder)), *parts[count:])), recursive=True)
            break
    else:
        found = glob.glob(str(pattern), recursive=True)
    return sorted(map(Path, found))


def is_there(path: str | Path) -> bool:
    """Whether a path exists, or a file fits it as a pattern."""
    return Path(path).exists() or (is_pattern(path) and bool(fitting(path)))

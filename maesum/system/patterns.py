"""Find the files that a path or a pattern names; an existing file is never read as a pattern."""

from __future__ import annotations

import glob
from pathlib import Path


def is_pattern(path: str | Path) -> bool:
    """Whether a path contains `*`, `?` or brackets and no file of exactly that name exists."""
    return glob.has_magic(str(path)) and not Path(path).exists()


def fitting(pattern: str | Path) -> list[Path]:
    """Return the files and folders that match a pattern, sorted; `**` stands for folders at any depth.

    Leading folders that exist are taken literally: in `my [2024] clips/*.mp4` only `*.mp4` is a pattern.
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
    """Whether a path exists, or some file matches it as a pattern."""
    return Path(path).exists() or (is_pattern(path) and bool(fitting(path)))

"""Find out whether a video file has changed since features were extracted from it; its name does not matter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

#: Number and size of the blocks that are compared if size and time agree, spread evenly over the file.
_BLOCKS, _BLOCK_BYTES = 4, 1 << 12


@dataclass(frozen=True)
class Fingerprint:
    """Size, time and hashes of a file at the time it was read.

    Attributes:
        size: size in bytes.
        modified_ns: time of the last change in nanoseconds.
        parts: hash of some blocks of the content.
        whole: hash of the whole content.
    """

    size: int
    modified_ns: int
    parts: str
    whole: str


def fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a file as it is now; this reads the whole file."""
    status = path.stat()
    return Fingerprint(status.st_size, status.st_mtime_ns, _hash_of_parts(path, status.st_size), _hash_of_all(path))


def is_unchanged(path: Path, known: Fingerprint) -> bool:
    """Whether a file has the same content as before.

    If its time differs, as after a copy, the whole content is compared; otherwise only the size and some blocks.
    """
    status = path.stat()
    if status.st_size != known.size:
        return False
    if status.st_mtime_ns != known.modified_ns:
        return _hash_of_all(path) == known.whole
    return _hash_of_parts(path, status.st_size) == known.parts


def _hash_of_parts(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    last = max(0, size - _BLOCK_BYTES)
    with path.open("rb") as file:
        for start in sorted({last * block // (_BLOCKS - 1) for block in range(_BLOCKS)}):
            file.seek(start)
            digest.update(file.read(_BLOCK_BYTES))
    return digest.hexdigest()[:16]


def _hash_of_all(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]

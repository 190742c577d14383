"""Telling whether a file is still the one that features were made of, whatever its name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

#: The parts that are compared where size and time agree: so many blocks, spread evenly from the first byte to the last.
_BLOCKS, _BLOCK_BYTES = 4, 1 << 12


@dataclass(frozen=True)
class Fingerprint:
    """What a file was when it was read.

    Attributes:
        size: bytes.
        modified_ns: time of its last change.
        parts: hash of some blocks of it.
        whole: hash of all of it.
    """

    size: int
    modified_ns: int
    parts: str
    whole: str


def fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a file as it is now; reads all of it."""
    status = path.stat()
    return Fingerprint(status.st_size, status.st_mtime_ns, _hash_of_parts(path, status.st_size), _hash_of_all(path))


def is_unchanged(path: Path, known: Fingerprint) -> bool:
    """Whether a file holds what it held.

    Where its time is another one, as after a copy, all of it is compared, and else its size and some parts.
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

"""Limit the memory that reading an HDF5 file takes: a small file may ask for any amount, so sizes are checked first.

A dataset that was never written reads as fill values of any shape; a compressed one may unpack a thousandfold; names of
a million videos may all point to one long string, and a million groups to one dataset.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import h5py
import numpy as np

from maesum.system.errors import MaesumError

#: What may be read whatever it takes on disk: 64 MiB, e.g. the scores of 20 users for 31 hours.
_SMALL = 64 << 20
#: How far compression may shrink more than that: TVSum's ratings shrink 70-fold, a file made to fill memory 1000-fold.
_MOST_COMPRESSION = 200
#: Number of strings that are read at a time where their lengths are not known beforehand.
_STRINGS_AT_ONCE = 64

#: Bytes that may still be read from the open file; None where no file is open.
_left: ContextVar[int | None] = ContextVar("bytes left to read", default=None)


@contextmanager
def budget(path: Path) -> Iterator[None]:
    """Limit the bytes that are read in the block to those that a file of this size can hold."""
    token = _left.set(_SMALL + _MOST_COMPRESSION * path.stat().st_size)
    try:
        yield
    finally:
        _left.reset(token)


def spend(count: int, field: str, path: Path | str) -> None:
    """Subtract bytes from the budget of the open file.

    Raises:
        MaesumError: the file has given more than it can hold, e.g. one dataset under many names.
    """
    left = _left.get()
    if left is None:
        return
    if count > left:
        raise MaesumError(
            f"{path}: with '{field}' its datasets give more than {_MOST_COMPRESSION} times the file's size; it is "
            "damaged, or made to fill the memory."
        )
    _left.set(left - count)


def check_declared_size(dataset: h5py.Dataset, field: str, path: Path | str) -> None:
    """Refuse a dataset that would take far more memory than it takes on disk, before any of it is read.

    Raises:
        MaesumError: naming both sizes.
    """
    stored = max(dataset.id.get_storage_size(), 1)
    chunk = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    declared = max(dataset.size * dataset.dtype.itemsize, chunk)
    check_unpacked_size(declared, stored, f"dataset '{field}' of shape {dataset.shape}", path)


def check_unpacked_size(declared: int, stored: int, what: str, path: Path | str) -> None:
    """Refuse data that is far larger in memory than on disk.

    Raises:
        MaesumError: naming both sizes, in bytes.
    """
    if declared > _SMALL and declared > _MOST_COMPRESSION * stored:
        raise MaesumError(
            f"{path}: {what} declares {declared:,} bytes but stores {stored:,}; the file is damaged or incomplete."
        )


def bytes_of(dataset: h5py.Dataset, field: str, path: Path | str) -> int | None:
    """Return the bytes that a dataset takes in memory; None if it holds strings of unknown length.

    Raises:
        MaesumError: its strings or lists are longer than the whole file, because many entries point to the same one.
    """
    if dataset.dtype.kind != "O":
        return int(dataset.size * dataset.dtype.itemsize)
    offset, stored = dataset.id.get_offset(), dataset.id.get_storage_size()
    if dataset.size == 0 or stored == 0:
        return 0
    if offset is None:
        return None
    # For each string or list, the dataset itself stores its length (4 bytes) and its place in the file.
    width = stored // dataset.size
    pieces = np.dtype({"names": ["length"], "formats": ["<u4"], "offsets": [0], "itemsize": width})
    lengths = np.fromfile(path, pieces, dataset.size, offset=offset)["length"]
    base = h5py.check_vlen_dtype(dataset.dtype)
    total = int(lengths.sum(dtype=np.int64)) * (base.itemsize if isinstance(base, np.dtype) else 1)
    check_text_size(total, field, path)
    return total


def check_text_size(total: int, field: str, path: Path | str) -> None:
    """Refuse strings that are longer together than the file that holds them, whose bytes are never compressed.

    Raises:
        MaesumError: naming both sizes.
    """
    size = Path(path).stat().st_size
    if total > max(size, _SMALL):
        raise MaesumError(
            f"{path}: the strings of dataset '{field}' take {total:,} bytes, but the file has {size:,}; it is damaged, "
            "or made to fill the memory."
        )


def strings_in_parts(dataset: h5py.Dataset, field: str, path: Path | str) -> list[bytes]:
    """Read strings of unknown length a few at a time, so that too many bytes are noticed early.

    Raises:
        MaesumError: they are longer together than the file.
    """
    values: list[bytes] = []
    total = 0
    for start in range(0, dataset.size, _STRINGS_AT_ONCE):
        part = list(dataset[start : start + _STRINGS_AT_ONCE])
        total += sum(map(len, part))
        check_text_size(total, field, path)
        values += part
    return values

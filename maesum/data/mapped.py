"""Map features from a file into memory, and notice when the file changes while it is read.

A map shows whatever the file holds now. If the file is overwritten in place, training goes on with a mixture. If it is
cut short, a process that touches the missing rows is killed (SIGBUS), which no Python code can catch. So the file is
checked before it is touched: its size at every read, its modification time at every epoch. A file that is replaced by a
rename, as this project's writers do, stays unchanged for those who have it open.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from torch import Tensor

from maesum.system.errors import MaesumError


class FileState(NamedTuple):
    """Size and time of a file, which change when it is written to."""

    inode: int
    size: int  # bytes
    modified: int  # nanoseconds


def state_of(path: Path) -> FileState:
    """Return the state of a file."""
    return _state(path.stat())


class MappedFeatures:
    """The rows of features in a file, as a tensor over the mapped file.

    Args:
        opened: the state of the file when its other datasets were read.
        offset: bytes from the start of the file to the first row.

    Attributes:
        features: [rows, D], a tensor over the mapped file; call `check_whole` before reading it.

    Raises:
        MaesumError: the file has changed since it was opened, or cannot be mapped.
    """

    def __init__(self, path: Path, opened: FileState, dtype: np.dtype, offset: int, shape: tuple[int, int]) -> None:
        self._path, self._opened = path, opened
        self._end = offset + shape[0] * shape[1] * dtype.itemsize
        try:
            self._file: BinaryIO = path.open("rb")
            self.check_unchanged()
            # Read-only: a private writable map of a set larger than memory is refused by the system.
            array = np.memmap(self._file, dtype, mode="r", offset=offset, shape=shape)
        except (OSError, ValueError) as error:
            raise MaesumError(f"{path}: the features cannot be mapped ({error}); was the file cut?") from None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not writable.*")  # nothing here ever writes to it
            self.features: Tensor = torch.from_numpy(array)

    def check_whole(self) -> None:
        """Check that the file still holds all rows, which takes a microsecond.

        Raises:
            MaesumError: the file was cut short.
        """
        size = os.fstat(self._file.fileno()).st_size
        if size < self._end:
            raise MaesumError(
                f"{self._path}: was cut to {size:,} bytes while it was read, wanted {self._end:,}; make it again, "
                "under another name while something reads it."
            )

    def check_unchanged(self) -> None:
        """Check that nobody has written to the file since it was opened.

        Raises:
            MaesumError: its size or its modification time has changed.
        """
        self.check_whole()
        if _state(os.fstat(self._file.fileno())) != self._opened:
            raise MaesumError(
                f"{self._path}: was written to while it was read, so results would be of a mixture; make it again "
                "under another name, and resume from an earlier checkpoint."
            )


def _state(status: os.stat_result) -> FileState:
    return FileState(status.st_ino, status.st_size, status.st_mtime_ns)

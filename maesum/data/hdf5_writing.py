"""Write HDF5 so that a full disk gives a one-sentence error: HDF5 writes through a file object of this module.

Where a write fails, HDF5 keeps what it could not write, tries again at every later call, and crashes the process when
the library closes. So HDF5 never sees a failure: the file object records the first one and ignores all later writes,
HDF5 closes normally, and the failure is raised then, or as soon as the writer asks.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from maesum.data.hdf5 import open_hdf5, read_attribute
from maesum.system.errors import MaesumError
from maesum.system.files import atomic_path


class NewFile(h5py.File):
    """An HDF5 file that is being written; see the module."""

    def __init__(self, path: Path) -> None:
        self._sink = _Sink(path)
        super().__init__(self._sink, "w")

    def close(self) -> None:
        """Close both files; a failed write is raised by `check_written`."""
        super().close()
        self._sink.close()

    def check_written(self) -> None:
        """Raise the system's error if a write has failed since the file was created.

        Raises:
            OSError: the first failure, e.g. that no space is left.
        """
        if self._sink.failure is not None:
            raise self._sink.failure


@contextmanager
def create_hdf5(path: str | Path, format_name: str, version: int) -> Iterator[NewFile]:
    """Write an HDF5 file of one of the project's formats, atomically; an earlier file of the same format is replaced.

    Raises:
        MaesumError: `path` holds another kind of file, the disk is full, or cannot be written; nothing is kept.
    """
    _refuse_other_content(Path(path), format_name)
    with atomic_path(path) as temporary:
        file = NewFile(temporary)
        try:
            with file:
                file.attrs["format"] = format_name
                file.attrs["version"] = version
                yield file
        except MaesumError:
            raise
        except Exception:
            file.check_written()  # an error of HDF5 after a failed write only repeats it
            raise
        file.check_written()


def _refuse_other_content(path: Path, format_name: str) -> None:
    """Refuse to write over a file of another kind, which a mistyped `out=` may name."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    found = None
    if h5py.is_hdf5(path):
        try:
            with open_hdf5(path) as file:
                found = read_attribute(file, "format")
        except MaesumError:
            return  # a damaged file is overwritten
    if found != format_name:
        raise MaesumError(
            f"{path}: exists already and is {found or 'no file of this project'}, over which no {format_name} is "
            "written; name another out= or delete it."
        )


def check_space(path: str | Path, needed: int) -> None:
    """Refuse a file that its disk has no room for, before any work is done for it.

    Args:
        needed: bytes of its arrays.

    Raises:
        MaesumError: fewer bytes are free.
    """
    folder = Path(path).absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise MaesumError(
            f"{path}: takes {_megabytes(needed)}, but {folder} has {_megabytes(free)} free; free some, or choose "
            "another out=."
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


class _Sink(io.FileIO):
    """The file that HDF5 writes into. Writes never raise: the first failure is kept, later writes are ignored."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+b")
        self.failure: OSError | None = None

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        """Write all of it."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while self.failure is None and done < len(view):
                done += super().write(view[done:]) or 0
        except OSError as error:
            self.failure = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size, which HDF5 does when it closes a file."""
        try:
            return super().truncate(size) if self.failure is None else 0
        except OSError as error:
            self.failure = error
            return 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read what HDF5 wrote before; zeros where that was lost."""
        view = memoryview(buffer).cast("B")
        done = super().readinto(view) or 0
        view[done:] = bytes(len(view) - done)
        return len(view)

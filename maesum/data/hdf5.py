"""What the three HDF5 formats share: opening with readable errors, the format's name and version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from maesum.errors import MaesumError
from maesum.files import atomic_path


@contextmanager
def create_hdf5(path: str | Path, format_name: str, version: int) -> Iterator[h5py.File]:
    """Write an HDF5 file of one of the project's formats, atomically."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = format_name
        file.attrs["version"] = version
        yield file


@contextmanager
def open_hdf5(path: str | Path, format_name: str | None = None, version: int | None = None) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading and check which format it holds.

    Args:
        format_name: the `format` attribute wanted, e.g. "maesum-features"; None for a file made by others.
        version: the newest `version` attribute that this release reads.

    Raises:
        MaesumError: missing, not HDF5, another format, or a newer version.
    """
    path = Path(path)
    if path.is_dir():
        raise MaesumError(f"{path}: is a folder, but an HDF5 file is wanted.")
    if not path.exists():
        raise MaesumError(f"{path}: no such file.")
    try:
        file = h5py.File(path, "r", locking=False)  # readers never lock: read-only and network file systems work
    except OSError as error:
        raise MaesumError(f"{path}: not a readable HDF5 file ({_first_line(error)}).") from None
    with file:
        if format_name is not None:
            _check_format(file, path, format_name, version)
        yield file


def _check_format(file: h5py.File, path: Path, format_name: str, version: int | None) -> None:
    found = read_attribute(file, "format")
    if found != format_name:
        raise MaesumError(
            f"{path}: attribute 'format' is {found!r}, wanted {format_name!r}; make the file with python -m "
            "maesum.prepare or maesum.predict, or name another one."
        )
    number = read_attribute(file, "version")
    if not isinstance(number, int) or number < 1:
        raise MaesumError(f"{path}: attribute 'version' is {number!r}, wanted a whole number of at least 1.")
    if version is not None and number > version:
        raise MaesumError(
            f"{path}: attribute 'version' is {number}, but this release reads up to {version}; upgrade maesum."
        )


def read_attribute(node: h5py.Group | h5py.Dataset, name: str) -> str | int | float | None:
    """An attribute as a plain Python value; None where it is absent or of no plain type."""
    try:
        value = node.attrs.get(name)
    except (OSError, TypeError):  # an attribute that HDF5 itself cannot decode
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, (str, int, float)) else None


def require_dataset(group: h5py.Group, name: str, path: Path | str, ndim: int | None = None) -> h5py.Dataset:
    """The dataset `name` of `group`.

    Raises:
        MaesumError: it is absent, is not a dataset, or has another number of dimensions.
    """
    field = f"{group.name.rstrip('/')}/{name}".lstrip("/")
    node = group.get(name)
    if node is None:
        raise MaesumError(f"{path}: dataset '{field}' is missing.")
    if not isinstance(node, h5py.Dataset):
        raise MaesumError(f"{path}: '{field}' is a group, wanted a dataset.")
    if ndim is not None and node.ndim != ndim:
        raise MaesumError(f"{path}: dataset '{field}' has shape {node.shape}, wanted {ndim} dimension(s).")
    return node


def read_strings(dataset: h5py.Dataset, path: Path | str) -> list[str]:
    """A one-dimensional dataset of strings, as Python strings."""
    try:
        return [str(value) for value in dataset.asstr()[:]]
    except (TypeError, UnicodeDecodeError, OSError) as error:
        raise MaesumError(f"{path}: dataset '{dataset.name.lstrip('/')}' is not utf-8 text ({error}).") from None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

"""Open and read HDF5 files of the project's three formats, with readable errors; check the format and its version."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from maesum.data.hdf5_limits import budget, bytes_of, check_declared_size, spend, strings_in_parts
from maesum.system.errors import MaesumError, first_line


@contextmanager
def open_hdf5(path: str | Path, format_name: str | None = None, version: int | None = None) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading and check which format it holds.

    Args:
        format_name: the `format` attribute wanted, e.g. "maesum-features"; None for a file made by others.
        version: the newest `version` attribute that this release reads.

    Raises:
        MaesumError: the file is missing, no HDF5, of another format or a newer version, or damaged, even where the
            damage only shows when the block reads.
    """
    path = Path(path)
    if path.is_dir():
        raise MaesumError(f"{path}: is a folder, but an HDF5 file is wanted.")
    if not path.exists():
        raise MaesumError(f"{path}: no such file.")
    try:
        file = h5py.File(path, "r", locking=False)  # readers never lock: read-only and network file systems work
    except OSError as error:
        raise MaesumError(f"{path}: not a readable HDF5 file ({first_line(error)}).") from None
    with file, budget(path):
        try:
            if format_name is not None:
                _check_format(file, path, format_name, version)
            yield file
        except MaesumError:
            raise
        except Exception as error:
            if not _raised_by_h5py(error):
                raise
            raise MaesumError(f"{path}: is damaged ({first_line(error)}); make or copy the file again.") from None


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
    """Return an attribute as a plain Python value; None where it is absent or of no plain type."""
    try:
        if name not in node.attrs or node.attrs.get_id(name).shape != ():
            return None  # a list may take any amount of memory
        value = node.attrs[name]
    except Exception:  # a damaged attribute can make h5py raise any exception
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, (str, int, float)) else None


def require_dataset(group: h5py.Group, name: str, path: Path | str, ndim: int | None = None) -> h5py.Dataset:
    """Return the dataset `name` of `group`.

    Raises:
        MaesumError: it is absent, is not a dataset, has another number of dimensions, lies in another file, or declares
            far more data than the file holds.
    """
    field = _field(group, name)
    node = _member(group, name, path)
    if node is None:
        raise MaesumError(f"{path}: dataset '{field}' is missing.")
    if not isinstance(node, h5py.Dataset):
        raise MaesumError(f"{path}: '{field}' is a group, wanted a dataset.")
    if node.shape is None or (ndim is not None and node.ndim != ndim):
        raise MaesumError(f"{path}: dataset '{field}' has shape {node.shape}, wanted {ndim} dimension(s).")
    if node.external or node.is_virtual:
        raise MaesumError(f"{path}: dataset '{field}' lies in another file, wanted its data in this one.")
    check_declared_size(node, field, path)
    return node


def require_group(group: h5py.Group, name: str, path: Path | str) -> h5py.Group:
    """Return the group `name` of `group`.

    Raises:
        MaesumError: it is absent, is not a group, or lies in another file.
    """
    node = _member(group, name, path)
    if node is None:
        raise MaesumError(f"{path}: group '{_field(group, name)}' is missing.")
    if not isinstance(node, h5py.Group):
        raise MaesumError(f"{path}: '{_field(group, name)}' is a dataset, wanted a group per video.")
    return node


def read_array(dataset: h5py.Dataset, path: Path | str) -> np.ndarray:
    """Return all values of a dataset that `require_dataset` has returned.

    Raises:
        MaesumError: they cannot be read, e.g. because a compressed chunk is damaged, or take more memory than the file
            can hold.
    """
    field = (dataset.name or "").lstrip("/")
    size = bytes_of(dataset, field, path)
    if size is None:
        raise MaesumError(f"{path}: dataset '{field}' is of type {dataset.dtype} in chunks, wanted numbers.")
    spend(size, field, path)
    try:
        return np.asarray(dataset[()])
    except Exception as error:  # a damaged chunk can make h5py raise any exception
        raise MaesumError(
            f"{path}: dataset '{field}' cannot be read ({first_line(error)}); make or copy the file again."
        ) from None


def read_strings(dataset: h5py.Dataset, path: Path | str) -> list[str]:
    """Return a one-dimensional dataset of strings, as Python strings.

    Raises:
        MaesumError: they are not utf-8, or take more memory than the file can hold.
    """
    field = (dataset.name or "").lstrip("/")
    try:
        size = bytes_of(dataset, field, path)
        spend(size or 0, field, path)
        if size is None and h5py.check_string_dtype(dataset.dtype) is not None:
            return [value.decode() for value in strings_in_parts(dataset, field, path)]
        return [str(value) for value in dataset.asstr()[:]]
    except MaesumError:
        raise
    except Exception as error:  # a damaged string can make h5py raise any exception
        raise MaesumError(f"{path}: dataset '{field}' is not utf-8 text ({error}).") from None


def _member(group: h5py.Group, name: str, path: Path | str) -> h5py.Group | h5py.Dataset | None:
    """Return the object of a name; None if there is none. Links are refused, since they may lead to any file."""
    if name not in group:
        return None
    if isinstance(group.get(name, getlink=True), (h5py.SoftLink, h5py.ExternalLink)):
        raise MaesumError(f"{path}: '{_field(group, name)}' is a link, wanted the data itself.")
    return group.get(name)


def _field(group: h5py.Group, name: str) -> str:
    return f"{(group.name or '').rstrip('/')}/{name}".lstrip("/")


def _raised_by_h5py(error: BaseException) -> bool:
    """Return whether an exception comes from HDF5, and so from the file, rather than from a defect of this project."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(module.split(".")[0] == "h5py" for module in modules)

"""Read one features file: its small datasets into memory, its features as a map of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from maesum.data.feature_files import shard_number
from maesum.data.features import FORMAT, VERSION, check_video_ids
from maesum.data.hdf5 import open_hdf5, read_array, read_attribute, read_strings, require_dataset
from maesum.data.mapped import FileState, MappedFeatures, state_of
from maesum.data.origin import LARGEST_STEP, UNKNOWN
from maesum.system.errors import MaesumError


@dataclass
class Shard:
    """One file of a features set: the place of its features, and the values of its small datasets."""

    path: Path
    dim: int
    dtype: np.dtype
    rows: int
    file_offset: int  # bytes from the start of the file to the first feature
    offsets: np.ndarray
    video_ids: list[str] = field(repr=False)
    opened: FileState  # of the file when it was read
    number: tuple[int, int] | None  # which shard of how many, from 1; None = a whole set
    frame_step: int
    backbone: str
    preprocessing: str
    labels: list[str] | None
    fps: list[float] | None
    n_frames: list[int] | None

    def map(self) -> MappedFeatures:
        """Return the features [rows, D], mapped."""
        return MappedFeatures(self.path, self.opened, self.dtype, self.file_offset, (self.rows, self.dim))


def read_shard(path: Path) -> Shard:
    """Open and validate one file of the features format.

    Raises:
        MaesumError: naming the file and the field at fault.
    """
    with open_hdf5(path, FORMAT, VERSION) as file:
        opened = state_of(path)
        features = require_dataset(file, "features", path, ndim=2)
        offsets = _read_offsets(file, path, features.shape[0])
        video_ids = read_strings(require_dataset(file, "video_ids", path, ndim=1), path)
        if len(video_ids) != len(offsets) - 1:
            raise MaesumError(
                f"{path}: dataset 'video_ids' holds {len(video_ids)} names for {len(offsets) - 1} videos."
            )
        check_video_ids(video_ids, path)
        frame_step = read_attribute(file, "frame_step") or 1
        if not isinstance(frame_step, int) or not 1 <= frame_step <= LARGEST_STEP:
            raise MaesumError(
                f"{path}: attribute 'frame_step' is {frame_step!r}, wanted a whole number from 1 to {LARGEST_STEP}."
            )
        videos = len(video_ids)
        return Shard(
            path=path,
            dim=features.shape[1],
            dtype=_checked_dtype(features, path),
            rows=features.shape[0],
            file_offset=_file_offset(features, path),
            offsets=offsets,
            video_ids=video_ids,
            opened=opened,
            number=shard_number(path, (read_attribute(file, "shard"), read_attribute(file, "shards"))),
            frame_step=frame_step,
            backbone=str(read_attribute(file, "backbone") or UNKNOWN),
            preprocessing=str(read_attribute(file, "preprocessing") or UNKNOWN),
            labels=_optional_strings(file, "labels", path, videos),
            fps=_optional_numbers(file, "fps", path, videos),
            n_frames=_optional_numbers(file, "n_frames", path, videos),
        )


def _read_offsets(file: h5py.File, path: Path, rows: int) -> np.ndarray:
    dataset = require_dataset(file, "offsets", path, ndim=1)
    if dataset.dtype.kind not in "iu":
        raise MaesumError(f"{path}: dataset 'offsets' is of type {dataset.dtype}, wanted int64.")
    offsets = read_array(dataset, path).astype(np.int64)
    if len(offsets) < 2:
        raise MaesumError(f"{path}: the set is empty, wanted at least one video.")
    falling = np.flatnonzero(np.diff(offsets) < 1)
    if falling.size:
        at = int(falling[0])
        raise MaesumError(
            f"{path}: dataset 'offsets' goes from {offsets[at]} to {offsets[at + 1]} at video {at}, wanted increasing."
        )
    if offsets[0] != 0 or offsets[-1] != rows:
        raise MaesumError(
            f"{path}: dataset 'offsets' runs from {offsets[0]} to {offsets[-1]}, wanted 0 to {rows}, the rows of "
            "'features'."
        )
    return offsets


def _checked_dtype(features: h5py.Dataset, path: Path) -> np.dtype:
    if features.dtype not in (np.dtype("<f2"), np.dtype("<f4")):
        raise MaesumError(f"{path}: dataset 'features' is of type {features.dtype}, wanted float16 or float32.")
    if features.shape[1] == 0:
        raise MaesumError(f"{path}: dataset 'features' has shape {features.shape}, wanted at least one channel.")
    return features.dtype


def _file_offset(features: h5py.Dataset, path: Path) -> int:
    offset = features.id.get_offset()
    if features.chunks is not None or offset is None:
        raise MaesumError(
            f"{path}: dataset 'features' is chunked, compressed or empty, wanted contiguous data that can be "
            "memory-mapped; write the file with maesum.data.write_features or python -m maesum.prepare."
        )
    needed = offset + features.shape[0] * features.shape[1] * features.dtype.itemsize
    if path.stat().st_size < needed:
        raise MaesumError(f"{path}: the file has {path.stat().st_size} bytes, wanted {needed}; it was cut short.")
    return int(offset)


def _optional_strings(file: h5py.File, name: str, path: Path, videos: int) -> list[str] | None:
    if name not in file:
        return None
    values = read_strings(require_dataset(file, name, path, ndim=1), path)
    _check_count(len(values), videos, name, path)
    return values


def _optional_numbers(file: h5py.File, name: str, path: Path, videos: int) -> list | None:
    if name not in file:
        return None
    dataset = require_dataset(file, name, path, ndim=1)
    if dataset.dtype.kind not in "iuf":
        raise MaesumError(f"{path}: dataset '{name}' is of type {dataset.dtype}, wanted numbers.")
    _check_count(len(dataset), videos, name, path)
    return read_array(dataset, path).tolist()


def _check_count(found: int, videos: int, name: str, path: Path) -> None:
    if found != videos:
        raise MaesumError(f"{path}: dataset '{name}' holds {found} values for {videos} videos.")

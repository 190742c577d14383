"""Write the features format: frame features of many videos in one contiguous dataset.

Schema of a `maesum-features` file, version 1::

    features   [frames, D]    float16 or float32, contiguous and uncompressed, so that it can be memory-mapped
    offsets    [videos + 1]   int64, offsets[v]:offsets[v + 1] are the rows of video v, strictly increasing from 0
    video_ids  [videos]       utf-8, unique
    fps        [videos]       float64, optional: frames per second of the video itself
    labels     [videos]       utf-8, optional: the class of each video
    n_frames   [videos]       int64, optional: frames of the video itself, where only every frame_step-th has a row
    sources    [videos]       utf-8, optional: JSON on the file each video was made of (maesum.vision.earlier)
    attributes format="maesum-features", version=1, backbone, preprocessing, frame_step (1 = every frame);
               optional: shard and shards, number (from 1) and count where the set is split into files
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from maesum.data.hdf5 import open_hdf5
from maesum.data.hdf5_writing import check_space, create_hdf5
from maesum.system.errors import MaesumError

FORMAT = "maesum-features"
VERSION = 1

#: A file name takes at most 255 bytes, of which the writer of a figure needs some.
_LONGEST_ID = 200
#: Rows converted at a time: a four-hour video takes no more memory than a short one.
_ROWS_AT_ONCE = 65_536
#: Unicode categories: control characters, halves of surrogate pairs, line and paragraph separators.
_UNFIT = ("Cc", "Cs", "Zl", "Zp")
#: Classes of the characters that make text read in another order than it is written in.
_TURNS_TEXT = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def write_features(
    path: str | Path,
    video_ids: Sequence[str],
    lengths: Sequence[int],
    arrays: Iterable[np.ndarray],
    *,
    dtype: str = "float16",
    backbone: str = "unknown",
    preprocessing: str = "unknown",
    frame_step: int = 1,
    fps: Sequence[float] | None = None,
    labels: Sequence[str] | None = None,
    n_frames: Sequence[int] | None = None,
    shard: tuple[int, int] | None = None,
    sources: Sequence[str] | None = None,
) -> None:
    """Write a features file, atomically, holding one video in memory at a time.

    Args:
        video_ids: [videos], unique names without path separators.
        lengths: [videos], rows of each video, needed beforehand because the dataset is contiguous.
        arrays: yields each video's features [length, D], in the same order.
        dtype: "float16" or "float32".
        frame_step: 15 where every 15th frame has a row.
        shard: number (from 1) and count of the files that the set is split into; None = one file.

    Raises:
        MaesumError: `path` holds extracted features or another kind of file; the set is empty; an id is bad or
            repeated; a shape differs from the one declared; values are NaN or infinite (also where they overflow
            float16); or the disk has too little room.
    """
    if not video_ids:
        raise MaesumError(f"{path}: there is no video to write; name a source that holds at least one.")
    if dtype not in ("float16", "float32"):
        raise MaesumError(f"{path}: dtype is {dtype!r}, wanted float16 or float32.")
    check_video_ids(video_ids, path)
    offsets = np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))])
    if len(lengths) != len(video_ids) or (np.diff(offsets) < 1).any():
        raise MaesumError(f"{path}: {len(lengths)} lengths for {len(video_ids)} videos, wanted one of at least 1 each.")

    if sources is None:
        _refuse_extracted(path)
    with create_hdf5(path, FORMAT, VERSION) as file:
        file.attrs["backbone"] = backbone
        file.attrs["preprocessing"] = preprocessing
        file.attrs["frame_step"] = int(frame_step)
        if shard is not None:
            file.attrs["shard"], file.attrs["shards"] = shard
        file["offsets"] = offsets
        file.create_dataset("video_ids", data=list(video_ids), dtype=h5py.string_dtype())
        if fps is not None:
            file["fps"] = np.asarray(fps, dtype=np.float64)
        if labels is not None:
            file.create_dataset("labels", data=list(labels), dtype=h5py.string_dtype())
        if n_frames is not None:
            file["n_frames"] = np.asarray(n_frames, dtype=np.int64)
        if sources is not None:
            file.create_dataset("sources", data=list(sources), dtype=h5py.string_dtype())
        features: h5py.Dataset | None = None
        written = 0
        for video_id, length, array in zip(video_ids, lengths, arrays, strict=True):
            if features is None:
                width = array.shape[-1] if array.ndim == 2 else 0
                check_space(path, int(offsets[-1]) * width * np.dtype(dtype).itemsize)
                features = file.create_dataset("features", shape=(int(offsets[-1]), width), dtype=dtype)
            _check_array(array, video_id, length, features.shape[1], path)
            for start in range(0, length, _ROWS_AT_ONCE):
                rows = _stored_rows(array, start, video_id, dtype, path)
                features[written + start : written + start + len(rows)] = rows
                file.check_written()  # at once, rather than after hours of work
            written += length


def _refuse_extracted(path: str | Path) -> None:
    """Refuse to write over features that `maesum.extract` made, which may have taken hours."""
    if not h5py.is_hdf5(path):
        return
    is_extracted = False
    with suppress(MaesumError), open_hdf5(path) as file:  # a damaged file is overwritten
        is_extracted = "sources" in file
    if is_extracted:
        raise MaesumError(
            f"{path}: holds features that python -m maesum.extract made, which would be lost; name another out= or "
            "delete it."
        )


def _check_array(array: np.ndarray, video_id: str, length: int, width: int, path: str | Path) -> None:
    """Refuse an array that is not the [length, width] numbers that were declared."""
    if array.ndim != 2 or array.shape[1] == 0 or array.shape != (length, width):
        raise MaesumError(
            f"{path}: features of video '{video_id}' have shape {array.shape}, wanted ({length}, {width or 'D'})."
        )
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise MaesumError(f"{path}: features of video '{video_id}' are of type {array.dtype}, wanted numbers.")


def _stored_rows(array: np.ndarray, start: int, video_id: str, dtype: str, path: str | Path) -> np.ndarray:
    """Return the next rows in the stored type, or raise a MaesumError that names the first value that is not finite."""
    given = array[start : start + _ROWS_AT_ONCE]
    with np.errstate(over="ignore"):
        rows = given.astype(dtype)
    bad = ~np.isfinite(rows)
    if bad.any():
        row, channel = np.argwhere(bad)[0]
        value, frame = given[row, channel], start + row
        use = "store it as float32: source.dtype=float32 of maesum.prepare, dtype=float32 of maesum.extract"
        cause = f"overflows {dtype}; {use}" if np.isfinite(value) else "wanted finite numbers"
        raise MaesumError(f"{path}: video '{video_id}', frame {frame}, channel {channel} is {value}: {cause}.")
    return rows


#: Printable ASCII without path separators, as nearly every id: this quick test lets most of many ids pass.
_PLAIN_ID = re.compile(r"[ -.0-\[\]-~]{1,200}")


def check_video_ids(video_ids: Sequence[str], path: str | Path) -> None:
    """Refuse repeated ids, and ids that could be read as a path, since they name HDF5 groups and figures.

    Raises:
        MaesumError: an id is repeated, empty, too long or like a path.
    """
    seen: set[str] = set()
    for video_id in video_ids:
        if _PLAIN_ID.fullmatch(video_id) and video_id.strip(".") and video_id not in seen:
            seen.add(video_id)
            continue
        if not video_id or video_id in (".", "..") or any(_is_unfit(char) for char in video_id):
            raise MaesumError(
                f"{path}: video id {video_id[:80]!r} is empty or holds a path separator or control character; rename "
                "it."
            )
        if len(video_id.encode()) > _LONGEST_ID:
            raise MaesumError(f"{path}: video id {video_id[:20]!r}... is longer than {_LONGEST_ID} bytes; rename it.")
        # File systems may hold one spelling of an accented letter for the other.
        spelling = unicodedata.normalize("NFC", video_id)
        if spelling in seen:
            raise MaesumError(f"{path}: video id {video_id!r} occurs twice, wanted unique ids.")
        seen.add(spelling)


def _is_unfit(char: str) -> bool:
    """Return whether a character separates paths, controls a terminal or text direction, or is a lone surrogate."""
    return char in "/\\" or unicodedata.category(char) in _UNFIT or unicodedata.bidirectional(char) in _TURNS_TEXT

"""TVSum annotations: ydata-tvsum50.mat, as published at https://github.com/yalesong/tvsum.

A MATLAB v7.3 file, which is HDF5. The struct `tvsum50` has, for each of 50 videos, a reference to

    video      the YouTube id            title     the video's title
    category   two letters, e.g. "VT"    length    seconds
    nframes    number of frames          user_anno [n_frames, 20] in MATLAB, so [20, n_frames] in HDF5: scores 1 to 5

Song, Vallmitjana, Stent, Jaimes: TVSum: Summarizing Web Videos Using Titles, CVPR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from maesum.config.sources import FileSource
from maesum.data.benchmark import VideoAnnotation, write_benchmark
from maesum.data.hdf5 import open_hdf5, read_array, require_dataset
from maesum.system.errors import MaesumError
from maesum.system.progress import track

SOURCE = "TVSum, ydata-tvsum50.mat"
_FIELDS = ("video", "title", "category", "length", "nframes", "user_anno")


@dataclass
class TvsumSource(FileSource):
    """TVSum annotations, see maesum.data.sources.tvsum."""

    _target_: str = "maesum.data.sources.tvsum.import_tvsum"


def import_tvsum(input: str | Path, out: str | Path) -> list[Path]:
    """Write TVSum's annotations as a benchmark of kind "ratings"; videos are video_1, video_2, ... in the file's order.

    Args:
        input: ydata-tvsum50.mat.
        out: the benchmark file to write.

    Returns:
        The files written.

    Raises:
        MaesumError: the file is not in TVSum's layout.
    """
    with open_hdf5(input) as file:
        if not isinstance(file.get("tvsum50"), h5py.Group):
            raise MaesumError(f"{input}: struct 'tvsum50' is missing; name the published ydata-tvsum50.mat.")
        fields = {name: require_dataset(file["tvsum50"], name, input, ndim=2) for name in _FIELDS}
        counts = {name: dataset.shape[0] for name, dataset in fields.items()}
        if len(set(counts.values())) != 1:
            raise MaesumError(f"{input}: fields of 'tvsum50' have different numbers of videos: {counts}.")
        count = counts["video"]
        rows = track(range(count), "reading TVSum", count)
        annotations = [_read_video(file, fields, row, input) for row in rows]
    write_benchmark(out, "tvsum", "ratings", annotations, SOURCE)
    return [Path(out)]


def _read_video(file: h5py.File, fields: dict[str, h5py.Dataset], row: int, path: str | Path) -> VideoAnnotation:
    try:
        values = {name: _dereferenced(file, dataset, row, path) for name, dataset in fields.items()}
        texts = {name: _matlab_text(values[name]) for name in ("video", "title", "category")}
        seconds, n_frames = float(values["length"].item()), int(values["nframes"].item())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MaesumError(f"{path}: row {row} of 'tvsum50' cannot be read ({error}).") from None
    if not seconds > 0:
        raise MaesumError(f"{path}: length of {texts['video']} is {seconds} seconds, wanted more than 0.")
    return VideoAnnotation(
        video_id=f"video_{row + 1}",
        user_scores=_users_by_frames(values["user_anno"], n_frames, texts["video"], path),
        fps=n_frames / seconds,
        name=f"{texts['video']}: {texts['title']}",
        category=texts["category"],
    )


def _dereferenced(file: h5py.File, references: h5py.Dataset, row: int, path: str | Path) -> np.ndarray:
    target = file[references[row, 0]]
    return read_array(require_dataset(target.parent, target.name.rsplit("/", 1)[-1], path), path)


def _users_by_frames(scores: np.ndarray, n_frames: int, video: str, path: str | Path) -> np.ndarray:
    """Scores as uint8 [users, n_frames], whichever way round the file has them."""
    if scores.ndim == 2 and scores.shape[1] != n_frames:
        scores = scores.T
    if scores.ndim != 2 or scores.shape[1] != n_frames:
        raise MaesumError(
            f"{path}: user_anno of {video} has shape {scores.shape}, wanted (users, {n_frames}) as its nframes says."
        )
    if not np.isin(scores, (1, 2, 3, 4, 5)).all():
        raise MaesumError(
            f"{path}: user_anno of {video} has values from {scores.min()} to {scores.max()}, wanted 1, 2, 3, 4 or 5."
        )
    return scores.astype(np.uint8)


def _matlab_text(codes: np.ndarray) -> str:
    """Return a MATLAB character array: UTF-16 code units."""
    return codes.astype("<u2").tobytes().decode("utf-16-le")

"""Read and write the scores format: one importance per frame of every video, from any model.

Schema of a `maesum-scores` file, version 1, with one group per video::

    <video_id>/importance   [n]        float32, finite: importance of each frame, or of each pick
    <video_id>/picks        [n]        int64, optional, strictly increasing: the frames that were scored; without it,
                                       every frame was
    video_ids               [videos]   utf-8, optional: the order of the videos; without it, alphabetical
    attributes              format="maesum-scores", version=1, and anything that says how the scores were made

A `.json` file that maps each video id to a list of numbers, as several public repositories write, is read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from maesum.data.features import check_video_ids
from maesum.data.hdf5 import (
    open_hdf5,
    read_array,
    read_attribute,
    read_strings,
    require_dataset,
    require_group,
)
from maesum.data.hdf5_writing import create_hdf5
from maesum.system.errors import MaesumError
from maesum.system.files import read_json

FORMAT = "maesum-scores"
VERSION = 1

_ORDER = "video_ids"
_RESERVED = ("format", "version")


class Scores:
    """A scores file, checked and read whole when opened, since one number per frame is little data.

    Attributes:
        path: the file.
        video_ids: the videos in the file's order.
        attributes: how the scores were made, as the file says.

    Raises:
        MaesumError: the file is missing, of another format, empty, or holds values that are not finite numbers.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.attributes: dict[str, str | int | float] = {}
        self._importance: dict[str, np.ndarray] = {}
        self._picks: dict[str, np.ndarray] = {}
        if self.path.suffix.lower() == ".json":
            self._read_json()
        else:
            self._read_hdf5()
        self.video_ids = list(self._importance)
        if not self.video_ids:
            raise MaesumError(f"{self.path}: holds no video, wanted the scores of at least one.")
        check_video_ids(self.video_ids, self.path)

    def __len__(self) -> int:
        return len(self.video_ids)

    def __getitem__(self, video_id: str) -> np.ndarray:
        """Return the importance of a video's frames, or of its picks, [n]: float32, or float64 if stored so."""
        if video_id not in self._importance:
            raise MaesumError(f"{self.path}: there are no scores of video '{video_id}'.")
        return self._importance[video_id]

    def picks(self, video_id: str) -> np.ndarray | None:
        """Return the frames that the scores of a video belong to, int64 [n]; None where every frame has a score."""
        self[video_id]  # the same error for an unknown video
        return self._picks.get(video_id)

    def _read_json(self) -> None:
        content = read_json(self.path)
        if not isinstance(content, dict):
            raise MaesumError(f"{self.path}: holds a {type(content).__name__}, wanted {{video_id: [scores]}}.")
        for video_id, values in content.items():
            try:
                array = np.asarray(values)
            except (ValueError, OverflowError):
                array = np.empty(0, dtype=object)  # lists of unequal length, refused as any other non-number
            self._importance[video_id] = _checked_importance(array, video_id, self.path, _precision(array))

    def _read_hdf5(self) -> None:
        with open_hdf5(self.path, FORMAT, VERSION) as file:
            values = {name: read_attribute(file, name) for name in file.attrs if name not in _RESERVED}
            self.attributes = {name: value for name, value in values.items() if value is not None}
            for video_id in self._ordered_ids(file):
                group = require_group(file, video_id, self.path)
                importance = read_array(require_dataset(group, "importance", self.path, ndim=1), self.path)
                precision = _precision(importance)
                self._importance[video_id] = _checked_importance(importance, video_id, self.path, precision)
                if "picks" in group:
                    picks = read_array(require_dataset(group, "picks", self.path, ndim=1), self.path)
                    self._picks[video_id] = _checked_picks(picks, len(importance), video_id, self.path)

    def _ordered_ids(self, file: h5py.File) -> list[str]:
        groups = [name for name in file if name != _ORDER]
        if _ORDER not in file:
            return groups
        listed = read_strings(require_dataset(file, _ORDER, self.path, ndim=1), self.path)
        if sorted(listed) != sorted(groups):
            raise MaesumError(
                f"{self.path}: dataset '{_ORDER}' lists {len(listed)} videos and the file holds {len(groups)}, wanted "
                "exactly one group per video; leave the dataset out if the order does not matter."
            )
        return listed


def write_scores(
    path: str | Path,
    scores: Mapping[str, np.ndarray],
    attributes: Mapping[str, str | int | float],
    picks: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a scores file, atomically.

    Args:
        scores: importance of each video's frames [n]; stored as float32, in the mapping's order.
        attributes: how the scores were made, e.g. checkpoint, stride and window.
        picks: for videos of which only some frames were scored, those frames [n], strictly increasing.

    Raises:
        MaesumError: an empty set, a bad id, values that are not finite, or picks that do not fit.
    """
    picks = picks or {}
    if not scores:
        raise MaesumError(f"{path}: there are no scores to write.")
    check_video_ids(list(scores), path)
    if _ORDER in scores:
        raise MaesumError(f"{path}: video id '{_ORDER}' is reserved for the list of videos; rename the video.")
    for video_id in picks:
        if video_id not in scores:
            raise MaesumError(f"{path}: picks name video '{video_id}', which has no scores.")
    for name in _RESERVED:
        if name in attributes:
            raise MaesumError(f"{path}: attribute '{name}' is reserved for the file format; use another name.")

    with create_hdf5(path, FORMAT, VERSION) as file:
        file.attrs.update(attributes)
        file.create_dataset(_ORDER, data=list(scores), dtype=h5py.string_dtype())
        for video_id, values in scores.items():
            importance = _checked_importance(np.asarray(values), video_id, path)
            file[f"{video_id}/importance"] = importance
            if video_id in picks:
                frames = _checked_picks(np.asarray(picks[video_id]), len(importance), video_id, path)
                file[f"{video_id}/picks"] = frames


def _checked_importance(
    values: np.ndarray, video_id: str, path: str | Path, dtype: type[np.floating] = np.float32
) -> np.ndarray:
    """Return the scores as [n] of `dtype`, or raise a MaesumError that says what is wrong with them."""
    if values.ndim != 1 or len(values) == 0:
        raise MaesumError(f"{path}: importance of video '{video_id}' has shape {values.shape}, wanted (frames,).")
    if values.dtype.kind not in "biuf":
        raise MaesumError(f"{path}: importance of video '{video_id}' is of type {values.dtype}, wanted numbers.")
    with np.errstate(over="ignore"):
        importance = values.astype(dtype)
    bad = np.flatnonzero(~np.isfinite(importance))
    if len(bad):
        raise MaesumError(
            f"{path}: importance of video '{video_id}' is {values[bad[0]]} at position {bad[0]}, wanted finite "
            f"numbers that {np.dtype(dtype)} can hold."
        )
    return importance


def _precision(values: np.ndarray) -> type[np.floating]:
    """Return the type to read scores as: float64 stays, since rounding it could turn close scores into ties."""
    return np.float32 if values.dtype.kind == "f" and values.dtype.itemsize <= 4 else np.float64


def _checked_picks(picks: np.ndarray, n_scores: int, video_id: str, path: str | Path) -> np.ndarray:
    """Return the picks as int64 [n], or raise a MaesumError that says what is wrong with them."""
    if picks.shape != (n_scores,) or picks.dtype.kind not in "iu":
        raise MaesumError(
            f"{path}: picks of video '{video_id}' have shape {picks.shape} and type {picks.dtype}, wanted one whole "
            f"number for each of the {n_scores} scores."
        )
    frames = picks.astype(np.int64)
    falling = np.flatnonzero(np.diff(frames) <= 0)
    if frames[0] < 0 or len(falling):
        position = int(falling[0]) + 1 if frames[0] >= 0 else 0
        raise MaesumError(
            f"{path}: picks of video '{video_id}' hold {frames[position]} at position {position}, wanted frame "
            "numbers from 0 that strictly increase."
        )
    return frames

"""The benchmark format: what annotators said about every frame of every video.

Schema of a `maesum-benchmark` file, version 1, with one group per video::

    video_ids                   [videos]            utf-8, unique: the videos in the source's order
    <video_id>/user_scores      [users, n_frames]   finite numbers, in the smallest type that holds them exactly
    <video_id>/change_points    [shots, 2]          int64, optional: first and last frame of each shot, both inclusive
    <video_id> attributes       fps (frames per second), name (for people), category (optional)
    attributes                  format="maesum-benchmark", version=1, name, kind, source

The order is stored because HDF5 lists groups alphabetically, which would put video_10 before video_2. `kind` says how
the scores came about and so what they can be compared with:

    ratings      every annotator rates every part of the video (TVSum: 1 to 5)
    selections   annotators select segments, 0 means not selected (SumMe; its raw ordinal values are stored as they are)
    events       one binary track that marks the frames inside events (FineGym)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from maesum.data.features import check_video_ids
from maesum.data.hdf5 import (
    create_hdf5,
    open_hdf5,
    read_array,
    read_attribute,
    read_strings,
    require_dataset,
    require_group,
)
from maesum.errors import MaesumError

FORMAT = "maesum-benchmark"
VERSION = 1
KINDS = ("ratings", "selections", "events")

_ORDER = "video_ids"
_SCORE_TYPES = ("uint8", "int16", "int32", "float32", "float64")


@dataclass(frozen=True)
class VideoAnnotation:
    """What a benchmark knows about one video.

    Attributes:
        video_id: the id that features and scores files use.
        user_scores: [users, n_frames], the annotators' raw scores.
        fps: frames per second of the video.
        name: a name for people, such as a title or the original file name.
        change_points: [shots, 2] int64, inclusive first and last frame of each shot; None where the source has none.
        category: the source's category of the video, or None.
    """

    video_id: str
    user_scores: np.ndarray
    fps: float
    name: str
    change_points: np.ndarray | None = None
    category: str | None = None


class Benchmark:
    """A benchmark file, read lazily: the structure when opened, a video's scores when asked for.

    No file handle outlives a call, so an instance can be forked, pickled and sent to worker processes.

    Attributes:
        path: the file.
        name: the benchmark's name, e.g. "tvsum".
        kind: "ratings", "selections" or "events".
        source: where the annotations come from.
        video_ids: the videos in the source's order.

    Raises:
        MaesumError: the file is missing, of another format, or its structure is not that of the schema.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open_hdf5(self.path, FORMAT, VERSION) as file:
            self.name = self._text_attribute(file, "name")
            self.kind = self._text_attribute(file, "kind")
            self.source = self._text_attribute(file, "source")
            if self.kind not in KINDS:
                raise MaesumError(f"{self.path}: attribute 'kind' is {self.kind!r}, wanted one of {', '.join(KINDS)}.")
            self.video_ids = read_strings(require_dataset(file, _ORDER, self.path, ndim=1), self.path)
            self._check_order(file)
            groups = {video_id: require_group(file, video_id, self.path) for video_id in self.video_ids}
            self._n_frames = {video_id: self._frames_of(group) for video_id, group in groups.items()}

    def __len__(self) -> int:
        return len(self.video_ids)

    def n_frames(self, video_id: str) -> int:
        """The number of frames of a video."""
        self._check_known(video_id)
        return self._n_frames[video_id]

    def __getitem__(self, video_id: str) -> VideoAnnotation:
        """Read the annotation of a video.

        Raises:
            MaesumError: there is no such video, or its values are not those of the schema.
        """
        self._check_known(video_id)
        with open_hdf5(self.path, FORMAT, VERSION) as file:
            group = require_group(file, video_id, self.path)
            shots = require_dataset(group, "change_points", self.path, ndim=2) if "change_points" in group else None
            category = read_attribute(group, "category")
            annotation = VideoAnnotation(
                video_id=video_id,
                user_scores=read_array(require_dataset(group, "user_scores", self.path, ndim=2), self.path),
                fps=read_attribute(group, "fps"),  # type: ignore[arg-type]  # checked below
                name=self._text_attribute(group, "name"),
                change_points=None if shots is None else read_array(shots, self.path),
                category=None if category is None else str(category),
            )
        check_annotation(annotation, self.kind, self.path)
        return annotation

    def _check_known(self, video_id: str) -> None:
        if video_id not in self._n_frames:
            raise MaesumError(f"{self.path}: there is no video '{video_id}'; the first is '{self.video_ids[0]}'.")

    def _text_attribute(self, node: h5py.Group, name: str) -> str:
        value = read_attribute(node, name)
        if not isinstance(value, str):
            field = f"{node.name.rstrip('/')}.{name}".lstrip("/.")
            raise MaesumError(f"{self.path}: attribute '{field}' is {value!r}, wanted text; prepare the file again.")
        return value

    def _check_order(self, file: h5py.File) -> None:
        if not self.video_ids:
            raise MaesumError(f"{self.path}: dataset '{_ORDER}' is empty, wanted at least one video.")
        check_video_ids(self.video_ids, self.path)
        groups = {name for name in file if name != _ORDER}
        unlisted, absent = sorted(groups - set(self.video_ids)), sorted(set(self.video_ids) - groups)
        if unlisted or absent:
            found = f"'{absent[0]}', which has no group" if absent else f"no '{unlisted[0]}', which has a group"
            raise MaesumError(f"{self.path}: dataset '{_ORDER}' lists {found}, wanted exactly one group per video.")

    def _frames_of(self, group: h5py.Group) -> int:
        scores = require_dataset(group, "user_scores", self.path, ndim=2)
        fps = read_attribute(group, "fps")
        _check_scores_shape(scores.shape, scores.dtype, group.name.lstrip("/"), self.path)
        _check_fps(fps, group.name.lstrip("/"), self.path)
        return int(scores.shape[1])


def write_benchmark(
    path: str | Path, name: str, kind: str, annotations: Iterable[VideoAnnotation], source: str
) -> None:
    """Write a benchmark file, atomically.

    Args:
        name: the benchmark's name, e.g. "tvsum".
        kind: "ratings", "selections" or "events".
        annotations: the videos, in the order that the file keeps.
        source: where the annotations come from, in words.

    Raises:
        MaesumError: an empty set, a bad or repeated id, or values that are not those of the schema.
    """
    annotations = list(annotations)
    if kind not in KINDS:
        raise MaesumError(f"{path}: kind is {kind!r}, wanted one of {', '.join(KINDS)}.")
    if not annotations:
        raise MaesumError(f"{path}: there is no video to write; name a source that holds at least one.")
    video_ids = [annotation.video_id for annotation in annotations]
    check_video_ids(video_ids, path)
    if _ORDER in video_ids:
        raise MaesumError(f"{path}: video id '{_ORDER}' is reserved for the list of videos; rename the video.")

    with create_hdf5(path, FORMAT, VERSION) as file:
        file.attrs.update({"name": name, "kind": kind, "source": source})
        file.create_dataset(_ORDER, data=video_ids, dtype=h5py.string_dtype())
        for annotation in annotations:
            check_annotation(annotation, kind, path)
            group = file.create_group(annotation.video_id)
            group.attrs.update({"fps": float(annotation.fps), "name": annotation.name})
            if annotation.category is not None:
                group.attrs["category"] = annotation.category
            scores = _smallest_exact(annotation.user_scores)
            # Annotators repeat one value for seconds, so compression takes TVSum from 7 MB to a few 100 KB.
            group.create_dataset("user_scores", data=scores, chunks=(1, scores.shape[1]), compression="gzip")
            if annotation.change_points is not None:
                group["change_points"] = np.asarray(annotation.change_points, dtype=np.int64)


def check_annotation(annotation: VideoAnnotation, kind: str, path: str | Path) -> None:
    """Check one video's values against the schema.

    Args:
        kind: the benchmark's kind, which decides what values the scores may take.
        path: the file to name in the message.

    Raises:
        MaesumError: naming the video, the field, the value found and the value wanted.
    """
    scores, video_id = annotation.user_scores, annotation.video_id
    _check_scores_shape(scores.shape, scores.dtype, video_id, path)
    _check_fps(annotation.fps, video_id, path)
    field = f"{path}: dataset '{video_id}/user_scores'"
    bad = np.argwhere(~np.isfinite(scores))
    if len(bad):
        user, frame = bad[0]
        raise MaesumError(f"{field} is {scores[user, frame]} for user {user} at frame {frame}, wanted finite numbers.")
    if kind == "selections" and (scores < 0).any():
        raise MaesumError(f"{field} goes down to {scores.min()}, wanted at least 0 where 0 means not selected.")
    if kind == "events" and (scores.shape[0] != 1 or not np.isin(scores, (0, 1)).all()):
        raise MaesumError(
            f"{field} has {scores.shape[0]} user(s) and values from {scores.min()} to {scores.max()}, "
            "wanted one track of 0 and 1."
        )
    if annotation.change_points is not None:
        _check_change_points(np.asarray(annotation.change_points), scores.shape[1], video_id, path)


def _check_scores_shape(shape: tuple[int, ...], dtype: np.dtype, video_id: str, path: str | Path) -> None:
    if len(shape) != 2 or min(shape) < 1:
        raise MaesumError(f"{path}: dataset '{video_id}/user_scores' has shape {shape}, wanted (users, n_frames).")
    if dtype.kind not in "biuf":
        raise MaesumError(f"{path}: dataset '{video_id}/user_scores' is of type {dtype}, wanted numbers.")


def _check_fps(fps: object, video_id: str, path: str | Path) -> None:
    if not isinstance(fps, (int, float, np.number)) or not 0 < float(fps) < 1e6:
        raise MaesumError(f"{path}: attribute '{video_id}.fps' is {fps!r}, wanted frames per second above 0.")


def _check_change_points(shots: np.ndarray, n_frames: int, video_id: str, path: str | Path) -> None:
    field = f"{path}: dataset '{video_id}/change_points'"
    if shots.ndim != 2 or shots.shape[1] != 2 or len(shots) == 0 or shots.dtype.kind not in "iu":
        raise MaesumError(f"{field} has shape {shots.shape} and type {shots.dtype}, wanted whole numbers [shots, 2].")
    bounds = shots.astype(np.int64)
    backwards = bounds[:, 0] > bounds[:, 1]
    overlapping = np.append(bounds[1:, 0] <= bounds[:-1, 1], False)
    outside = (bounds[:, 0] < 0) | (bounds[:, 1] >= n_frames)
    bad = np.flatnonzero(backwards | overlapping | outside)
    if len(bad):
        raise MaesumError(
            f"{field} has shot {bad[0]} at frames {bounds[bad[0]].tolist()}, wanted shots in order, without overlap, "
            f"inside frames 0 to {n_frames - 1}."
        )


def _smallest_exact(scores: np.ndarray) -> np.ndarray:
    """The scores in the smallest of a few types that holds every value exactly."""
    for dtype in _SCORE_TYPES:
        with np.errstate(invalid="ignore", over="ignore"):  # values that do not fit are found by comparing
            converted = scores.astype(dtype)
        if np.array_equal(converted, scores):
            return converted
    raise ValueError(f"scores of type {scores.dtype} fit none of {_SCORE_TYPES}")

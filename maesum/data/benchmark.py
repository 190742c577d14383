"""Read and write the benchmark format: the annotators' scores of every frame of every video.

Schema of a `maesum-benchmark` file, version 1, with one group per video::

    video_ids                   [videos]            utf-8, unique: the videos in the source's order
    <video_id>/user_scores      [users, n_frames]   finite numbers, in the smallest type that holds them exactly
    <video_id>/change_points    [shots, 2]          int64, optional: first and last frame of each shot, both inclusive
    <video_id> attributes       name (for people); optional: fps (frames per second), category
    attributes                  format="maesum-benchmark", version=1, name, kind, source; optional: user_scores

The order is stored because HDF5 lists groups alphabetically, which would put video_10 before video_2. `kind` says how
the scores came about and so what they can be compared with:

    ratings      every annotator rates every part of the video (TVSum: 1 to 5)
    selections   annotators select segments, 0 means not selected (SumMe; its raw ordinal values are stored as they are)
    events       one binary track that marks the frames inside events (FineGym)

The attribute `user_scores` says whether the scores are those that annotators gave or were derived from them
(`maesum.data.user_scores`); where it is absent, this is guessed from the name and the values.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import cast

import h5py
import numpy as np

from maesum.data.annotation import (
    KINDS,
    VideoAnnotation,
    check_annotation,
    check_fps,
    check_scores_shape,
    smallest_exact,
)
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
from maesum.data.user_scores import MEANINGS, meaning_of
from maesum.system.errors import MaesumError

FORMAT = "maesum-benchmark"
VERSION = 1

_ORDER = "video_ids"


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
            self._stated = self._stated_meaning(file)
            self.video_ids = read_strings(require_dataset(file, _ORDER, self.path, ndim=1), self.path)
            self._check_order(file)
            groups = {video_id: require_group(file, video_id, self.path) for video_id in self.video_ids}
            self._n_frames = {video_id: self._frames_of(group) for video_id, group in groups.items()}
            self._rates = {video_id: _fps_of(group, self.path) for video_id, group in groups.items()}

    def __len__(self) -> int:
        return len(self.video_ids)

    def n_frames(self, video_id: str) -> int:
        """Return the number of frames of a video."""
        self._check_known(video_id)
        return self._n_frames[video_id]

    def rates(self) -> dict[str, float | None]:
        """Return the frames per second of each video; None if the file does not give them."""
        return dict(self._rates)

    @cached_property
    def user_scores(self) -> str:
        """Return the meaning of the scores, one of `maesum.data.user_scores.MEANINGS`; guessed for older files."""
        if self._stated is not None:
            return self._stated
        return meaning_of(self.name, self.kind, (self[video_id].user_scores for video_id in self.video_ids))

    def __getitem__(self, video_id: str) -> VideoAnnotation:
        """Read the annotation of a video.

        Raises:
            MaesumError: there is no such video, or its values break the schema.
        """
        self._check_known(video_id)
        with open_hdf5(self.path, FORMAT, VERSION) as file:
            group = require_group(file, video_id, self.path)
            shots = require_dataset(group, "change_points", self.path, ndim=2) if "change_points" in group else None
            category = read_attribute(group, "category")
            annotation = VideoAnnotation(
                video_id=video_id,
                user_scores=read_array(require_dataset(group, "user_scores", self.path, ndim=2), self.path),
                fps=_fps_of(group, self.path),
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

    def _stated_meaning(self, file: h5py.File) -> str | None:
        if "user_scores" not in file.attrs:
            return None
        stated = self._text_attribute(file, "user_scores")
        if stated not in MEANINGS:
            raise MaesumError(
                f"{self.path}: attribute 'user_scores' is {stated!r}, wanted one of {', '.join(MEANINGS)}."
            )
        return stated

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
        check_scores_shape(scores.shape, scores.dtype, group.name.lstrip("/"), self.path)
        return int(scores.shape[1])


def _fps_of(group: h5py.Group, path: Path) -> float | None:
    """Return the frames per second of a video, or None where the file does not say."""
    if "fps" not in group.attrs:
        return None
    fps = read_attribute(group, "fps")
    check_fps(fps, group.name.lstrip("/"), path)
    return float(cast(float, fps))


def write_benchmark(
    path: str | Path,
    name: str,
    kind: str,
    annotations: Iterable[VideoAnnotation],
    source: str,
    user_scores: str | None = None,
) -> None:
    """Write a benchmark file, atomically.

    Args:
        name: the benchmark's name, e.g. "tvsum".
        kind: "ratings", "selections" or "events".
        annotations: the videos, in the order that the file keeps.
        source: where the annotations come from, in words.
        user_scores: meaning of the scores, one of `maesum.data.user_scores.MEANINGS`; None = guess it from name and
            values.

    Raises:
        MaesumError: an empty set, a bad or repeated id, or values that are not those of the schema.
    """
    annotations = list(annotations)
    if kind not in KINDS:
        raise MaesumError(f"{path}: kind is {kind!r}, wanted one of {', '.join(KINDS)}.")
    if not annotations:
        raise MaesumError(f"{path}: there is no video to write; name a source that holds at least one.")
    meaning = user_scores or meaning_of(name, kind, (annotation.user_scores for annotation in annotations))
    if meaning not in MEANINGS:
        raise MaesumError(f"{path}: user_scores is {meaning!r}, wanted one of {', '.join(MEANINGS)}.")
    video_ids = [annotation.video_id for annotation in annotations]
    check_video_ids(video_ids, path)
    if _ORDER in video_ids:
        raise MaesumError(f"{path}: video id '{_ORDER}' is reserved for the list of videos; rename the video.")

    with create_hdf5(path, FORMAT, VERSION) as file:
        file.attrs.update({"name": name, "kind": kind, "source": source, "user_scores": meaning})
        file.create_dataset(_ORDER, data=video_ids, dtype=h5py.string_dtype())
        for annotation in annotations:
            check_annotation(annotation, kind, path)
            group = file.create_group(annotation.video_id)
            group.attrs["name"] = annotation.name
            if annotation.fps is not None:
                group.attrs["fps"] = float(annotation.fps)
            if annotation.category is not None:
                group.attrs["category"] = annotation.category
            scores = smallest_exact(annotation.user_scores)
            # Annotators repeat one value for seconds, so compression takes TVSum from 7 MB to a few 100 KB.
            group.create_dataset("user_scores", data=scores, chunks=(1, scores.shape[1]), compression="gzip")
            if annotation.change_points is not None:
                group["change_points"] = np.asarray(annotation.change_points, dtype=np.int64)

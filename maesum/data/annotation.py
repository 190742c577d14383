"""Hold what a benchmark knows about one video, and check its values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maesum.system.errors import MaesumError

KINDS = ("ratings", "selections", "events")

_SCORE_TYPES = ("uint8", "int16", "int32", "float32", "float64")


@dataclass(frozen=True)
class VideoAnnotation:
    """What a benchmark knows about one video.

    Attributes:
        video_id: the id that features and scores files use.
        user_scores: [users, n_frames], the annotators' raw scores.
        fps: frames per second of the video; None where the source does not say.
        name: a name for people, such as a title or the original file name.
        change_points: [shots, 2] int64, inclusive first and last frame of each shot; None where the source has none.
        category: the source's category of the video, or None.
    """

    video_id: str
    user_scores: np.ndarray
    fps: float | None
    name: str
    change_points: np.ndarray | None = None
    category: str | None = None


def check_annotation(annotation: VideoAnnotation, kind: str, path: str | Path) -> None:
    """Check one video's values against the schema.

    Args:
        kind: the benchmark's kind, which decides what values the scores may take.
        path: the file to name in the message.

    Raises:
        MaesumError: naming the video, the field, the value found and the value wanted.
    """
    scores, video_id = annotation.user_scores, annotation.video_id
    check_scores_shape(scores.shape, scores.dtype, video_id, path)
    if annotation.fps is not None:
        check_fps(annotation.fps, video_id, path)
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


def check_scores_shape(shape: tuple[int, ...], dtype: np.dtype, video_id: str, path: str | Path) -> None:
    """Refuse scores that are not numbers [users, n_frames]."""
    if len(shape) != 2 or min(shape) < 1:
        raise MaesumError(f"{path}: dataset '{video_id}/user_scores' has shape {shape}, wanted (users, n_frames).")
    if dtype.kind not in "biuf":
        raise MaesumError(f"{path}: dataset '{video_id}/user_scores' is of type {dtype}, wanted numbers.")


def check_fps(fps: object, video_id: str, path: str | Path) -> None:
    """Refuse a value that cannot be a number of frames per second."""
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


def smallest_exact(scores: np.ndarray) -> np.ndarray:
    """Return the scores in the smallest of a few types that holds every value exactly."""
    for dtype in _SCORE_TYPES:
        with np.errstate(invalid="ignore", over="ignore"):  # values that do not fit are found by comparing
            converted = scores.astype(dtype)
        if np.array_equal(converted, scores):
            return converted
    raise ValueError(f"scores of type {scores.dtype} fit none of {_SCORE_TYPES}")

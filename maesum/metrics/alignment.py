"""Expand scores at every k-th frame to every frame, and mend lengths that are wrong by a frame or two."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from maesum.system.errors import MaesumError

#: The step at which the field's feature files keep frames.
STEP = 15
#: The most frames that padding or cropping may repair; more is another video or another frame rate.
MAX_TOLERANCE = 2


def hold(importance: ArrayLike, picks: ArrayLike, n_frames: int) -> np.ndarray:
    """Hold the score of each scored frame until the next scored frame: frame[picks[i]:picks[i + 1]] = importance[i].

    The last score holds to the end; frames before the first pick get the first score.

    Args:
        importance: [n] numbers.
        picks: [n] whole numbers, the frames that the scores belong to, strictly increasing.
        n_frames: frames of the video.

    Returns:
        [n_frames], of the type of `importance`.

    Raises:
        MaesumError: the shapes differ, the picks are not increasing frame numbers of the video, or they leave more than
            about a step of it uncovered at either end.
    """
    values, frames = np.asarray(importance), np.asarray(picks)
    if values.ndim != 1 or values.shape != frames.shape or values.size == 0:
        raise MaesumError(f"importance has shape {values.shape} and picks {frames.shape}, wanted one pick per score.")
    if frames.dtype.kind not in "iu":
        raise MaesumError(f"picks are of type {frames.dtype}, wanted whole numbers.")
    frames = frames.astype(np.int64)
    if (np.diff(frames) <= 0).any():
        position = int(np.flatnonzero(np.diff(frames) <= 0)[0]) + 1
        raise MaesumError(f"picks hold {frames[position]} at position {position}, wanted strictly increasing frames.")
    if frames[0] < 0 or frames[-1] >= n_frames:
        raise MaesumError(f"picks go from {frames[0]} to {frames[-1]}, wanted frames from 0 to {n_frames - 1}.")
    _check_reach(frames, n_frames)
    starts = np.concatenate([[0], frames[1:]])
    return np.repeat(values, np.diff(starts, append=n_frames))


def _check_reach(frames: np.ndarray, n_frames: int) -> None:
    """Refuse picks that leave two steps or more of the video uncovered at either end: row numbers, or another video.

    A step is the largest distance of two neighbours, so that unevenly spaced picks pass.
    """
    if len(frames) < 2:
        return
    step = int(np.diff(frames).max())
    if n_frames - 1 - int(frames[-1]) >= 2 * step or int(frames[0]) >= 2 * step:
        raise MaesumError(
            f"picks go from {frames[0]} to {frames[-1]} by at most {step}, but the video has {n_frames} frames, "
            "wanted picks from its beginning to its end; a pick is the number of a frame in the video, not of a row."
        )


def fit_length(importance: ArrayLike, n_frames: int, tolerance: int = 0) -> np.ndarray:
    """Crop, or pad by repeating the last value, where the length is wrong by no more than the tolerance.

    Decoders disagree about a video's last frames; anything beyond `MAX_TOLERANCE` is a mistake that must not be hidden.

    Args:
        importance: [n] numbers.
        n_frames: the length wanted.
        tolerance: 0 to `MAX_TOLERANCE` frames.

    Raises:
        MaesumError: the length differs by more than the tolerance, or the tolerance is out of its range.
    """
    values = np.asarray(importance)
    if not 0 <= tolerance <= MAX_TOLERANCE:
        raise MaesumError(f"length_tolerance is {tolerance}, wanted 0 to {MAX_TOLERANCE} frames.")
    missing = n_frames - values.size
    if values.size == 0 or abs(missing) > tolerance:
        remedy = f"; length_tolerance={abs(missing)} pads or crops" if 0 < abs(missing) <= MAX_TOLERANCE else ""
        raise MaesumError(f"importance has {values.size} values, wanted {n_frames}, one for each frame{remedy}.")
    return np.pad(values, (0, missing), mode="edge") if missing > 0 else values[:n_frames]

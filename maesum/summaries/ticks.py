"""Measure time in whole ticks, for cutting shots and for the knapsack, in videos of any frame rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Fewest ticks of a video whose frames are not shown equally long: a thousandth of a second in a minute of video.
_FINEST = 50_000


@dataclass(frozen=True)
class Ticks:
    """The borders of all frames on a clock of whole numbers.

    Attributes:
        bounds: [n_frames + 1] int64, strictly increasing from 0.
        per_second: ticks in a second.
    """

    bounds: np.ndarray
    per_second: float

    @property
    def total(self) -> int:
        """Return the ticks of the whole video."""
        return int(self.bounds[-1])

    @property
    def n_frames(self) -> int:
        """Return the number of frames of the video."""
        return len(self.bounds) - 1

    def lengths(self, shots: np.ndarray) -> np.ndarray:
        """Return the ticks of each shot, [shots] int64; shots are [shots, 2], first and last frame, both inclusive."""
        return self.bounds[shots[:, 1] + 1] - self.bounds[shots[:, 0]]


def ticks_of(times: np.ndarray) -> Ticks:
    """Return the ticks of a video: one per frame, as the field counts, if frames are shown equally long; else finer.

    Args:
        times: [n_frames + 1] seconds that never fall.
    """
    n_frames = len(times) - 1
    seconds = float(times[-1] - times[0])
    even = np.arange(n_frames + 1)
    positions = (times - times[0]) * (n_frames / seconds)  # in frames of the mean length
    if np.abs(positions - even).max() <= 1:
        return Ticks(even.astype(np.int64), round(n_frames / seconds, 6))
    finer = max(n_frames, _FINEST) / n_frames
    bounds = np.round(positions * finer).astype(np.int64)
    bounds = np.maximum.accumulate(bounds - even) + even  # every frame lasts a tick at least
    return Ticks(bounds, float(bounds[-1]) / seconds)

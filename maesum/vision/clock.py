"""Compute when the frames of a video are shown, from their timestamps: frame rates in headers are often wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: A timestamp that falls by more seconds than this means that the clock was reset, as in joined files; less is jitter.
_FALL_SECONDS = 0.5
#: A step of more seconds than this also means a reset, in formats whose clock may jump (MPEG-TS).
_LEAP_SECONDS = 10.0


@dataclass(frozen=True)
class Timeline:
    """The times at which the frames of a video are shown.

    Attributes:
        times: [n_frames + 1] float64, non-decreasing: when each frame is shown and when the last one ends, in seconds
            on the clock of the file, which its sound shares.
        jumps: for each jump of the clock, the seconds that are added from there on so that times do not decrease.
        remarks: what is wrong with the file although it can be used; each text is printed after the file's name.
        threads: number of threads of the decoder; with another number, a damaged file may give other frames. 0 = one
            per core.
    """

    times: np.ndarray
    jumps: tuple[float, ...] = ()
    remarks: tuple[str, ...] = ()
    threads: int = 0

    @property
    def n_frames(self) -> int:
        """Return the number of frames that could be decoded."""
        return len(self.times) - 1

    @property
    def seconds(self) -> float:
        """Return the duration in seconds, from the first frame to the end of the last."""
        return float(self.times[-1] - self.times[0])

    @property
    def fps(self) -> float:
        """Return the average frames per second; rounded, since timestamps in milliseconds would give 24.999999."""
        return round(self.n_frames / self.seconds, 6)


class Clock:
    """Converts the timestamps of one stream, frame by frame, to seconds that do not decrease.

    Args:
        may_leap: whether a long step forwards is a jump of the clock; in a slide show it is a frame shown for long.
        jumps: the jumps of another stream of the same file, which are used for this one; further ones are computed.

    Attributes:
        jumps: seconds added from each jump on.
        end: when the last frame ends, in seconds.
    """

    def __init__(self, may_leap: bool, jumps: Sequence[float] = ()) -> None:
        self.jumps: list[float] = []
        self.end = 0.0
        self._may_leap, self._given = may_leap, jumps
        self._offset = self._step = self._shortest = 0.0
        self._last: float | None = None

    def seconds(self, shown: float | None, duration: float) -> float:
        """Return when a frame is shown, in seconds.

        Args:
            shown: the frame's timestamp in seconds; None if the file has none, and the frame follows the last one.
            duration: duration of the frame in the file. If it is less than half the shortest step so far, it is
                ignored and the previous step is used: without a frame rate, files in milliseconds state 1 ms.
        """
        now = self.end if shown is None else shown + self._offset
        if shown is not None and self._has_jumped(now):
            number = len(self.jumps)
            self._offset = self._given[number] if number < len(self._given) else self.end - shown
            self.jumps.append(self._offset)
            now = shown + self._offset
        if self._last is not None:
            now = max(now, self._last)
            step = now - self._last
            if step > 0:
                self._step, self._shortest = step, min(step, self._shortest or step)
        self._last = now
        self.end = now + (duration if duration >= self._shortest / 2 else self._step)
        return now

    def _has_jumped(self, now: float) -> bool:
        if self._last is None:
            return False
        return now < self._last - _FALL_SECONDS or (self._may_leap and now > self.end + _LEAP_SECONDS)

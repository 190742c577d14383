"""When the frames of a video are shown, by their own times: headers state rates that are wrong, average or absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: A clock that falls by more than this was set anew, as where files were joined end to end; less is jitter. Seconds.
_FALL_SECONDS = 0.5
#: A step of more than this is taken for a clock that was set anew too, in formats whose clock may jump (MPEG-TS).
_LEAP_SECONDS = 10.0


@dataclass(frozen=True)
class Timeline:
    """When the frames of a video are shown.

    Attributes:
        times: [n_frames + 1] float64 that never fall: when each frame is shown and when the last one ends, in seconds
            on the clock of the file, which its sound shares.
        jumps: seconds that were added to the clock of the file from each of its jumps on, so that times never fall.
        remarks: what is wrong with the file although it can be used, each to be read behind the file's name.
        threads: of the decoder; with another number, a damaged file may give other frames. 0 = one per core.
    """

    times: np.ndarray
    jumps: tuple[float, ...] = ()
    remarks: tuple[str, ...] = ()
    threads: int = 0

    @property
    def n_frames(self) -> int:
        """Frames that could be decoded."""
        return len(self.times) - 1

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last."""
        return float(self.times[-1] - self.times[0])

    @property
    def fps(self) -> float:
        """Frames per second of the whole video; rounded, since clocks of milliseconds would give 24.999999."""
        return round(self.n_frames / self.seconds, 6)


class Clock:
    """Turns the times of one stream, frame by frame, into seconds that never fall.

    Args:
        may_leap: whether a long step forwards is a jump of the clock; in a slide show it is a long picture.
        jumps: those of another stream of the file, which this one follows; its own beyond them.

    Attributes:
        jumps: seconds added from each jump on.
        end: when the last frame ends.
    """

    def __init__(self, may_leap: bool, jumps: Sequence[float] = ()) -> None:
        self.jumps: list[float] = []
        self.end = 0.0
        self._may_leap, self._given = may_leap, jumps
        self._offset = self._step = self._shortest = 0.0
        self._last: float | None = None

    def seconds(self, shown: float | None, duration: float) -> float:
        """When a frame is shown.

        Args:
            shown: by the file; None where it does not say, and the frame follows the one before.
            duration: of the frame by the file. Less than half the shortest step so far is none, and the step before
                is taken: without a rate, a clock of milliseconds gives every frame one tick.
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

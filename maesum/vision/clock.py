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
    """

    times: np.ndarray
    jumps: tuple[float, ...] = ()
    remarks: tuple[str, ...] = ()

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
    """

    def __init__(self, may_leap: bool, jumps: Sequence[float] = ()) -> None:
        self.jumps: list[float] = []
        self._may_leap, self._given = may_leap, jumps
        self._offset, self._last, self._end = 0.0, float("-inf"), 0.0

    def seconds(self, shown: float | None, duration: float) -> float:
        """When a frame is shown.

        Args:
            shown: by the file; None where it does not say, and the frame follows the one before.
            duration: of the frame, for the frame that follows it.
        """
        if shown is None:
            now = self._end
        else:
            now = shown + self._offset
            leaps = self._may_leap and self._last != float("-inf") and now > self._end + _LEAP_SECONDS
            if now < self._last - _FALL_SECONDS or leaps:
                number = len(self.jumps)
                self._offset = self._given[number] if number < len(self._given) else self._end - shown
                self.jumps.append(self._offset)
                now = shown + self._offset
        self._last = max(now, self._last)
        self._end = self._last + duration
        return self._last


def with_end(shown: Sequence[float], last_duration: float, assumed_duration: float) -> np.ndarray:
    """The times of frames and the end of the last one.

    Args:
        shown: [n_frames] seconds.
        last_duration: of the last frame by the file. Less than half the shortest step is no duration: a clock of
            milliseconds without a rate gives every frame one tick.
        assumed_duration: of a lone frame that has none.

    Returns:
        [n_frames + 1] float64.
    """
    times = np.asarray(shown, dtype=np.float64)
    steps = np.diff(times)
    steps = steps[steps > 0]
    if steps.size and last_duration < steps.min() / 2:
        last_duration = float(np.median(steps))
    return np.append(times, times[-1] + (last_duration if last_duration > 0 else assumed_duration))

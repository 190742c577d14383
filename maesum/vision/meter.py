"""Show the progress of an extraction: a bar on a terminal, one line per minute in a log file."""

from __future__ import annotations

import time

from maesum.system.printing import say
from maesum.system.progress import new_progress

_SECONDS_BETWEEN_LINES = 60.0


class Meter:
    """Counts videos and frames on standard error; use it in a `with` block.

    Args:
        videos: number of videos to extract, without those that an earlier run finished.
    """

    def __init__(self, videos: int) -> None:
        self.videos_done, self.frames = 0, 0
        self._videos = videos
        self._started = self._last_line = time.monotonic()
        self._progress = new_progress("videos, {task.fields[frames]:,} frames, {task.fields[rate]:.0f} frames/s,")
        self._lines = self._progress.disable
        self._task = self._progress.add_task("extracting", total=videos, frames=0, rate=0.0)

    def __enter__(self) -> Meter:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started

    @property
    def frames_per_second(self) -> float:
        """Return the frames extracted per second since the start."""
        return self.frames / max(self.seconds, 1e-9)

    def add_frames(self, count: int) -> None:
        """Count frames whose features are computed."""
        self.frames += count
        self._show()

    def add_video(self) -> None:
        """Count a video that is finished or has failed."""
        self.videos_done += 1
        self._show()

    def _show(self) -> None:
        self._progress.update(self._task, completed=self.videos_done, frames=self.frames, rate=self.frames_per_second)
        now = time.monotonic()
        if self._lines and now - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = now
            say(self._line(), error=True)

    def _line(self) -> str:
        left = "unknown"
        if self.videos_done:
            left = f"{self.seconds / self.videos_done * (self._videos - self.videos_done) / 60:.0f} min"
        return (
            f"{self.videos_done}/{self._videos} videos, {self.frames:,} frames, {self.frames_per_second:.0f} frames/s, "
            f"time left {left}"
        )

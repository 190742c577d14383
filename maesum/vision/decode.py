"""Read the frames of a video file, as far as it can be decoded: all or every k-th, upright, with their times."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from maesum.vision.clock import Clock, Timeline
from maesum.vision.container import UnreadableVideo, open_video
from maesum.vision.tolerant import Damage, decoded

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: How much of the duration in the header may be missing at the end, in seconds and as a share, before a file counts as
#: cut short: these durations are rounded, and in some containers include the sound.
_MISSING_SECONDS, _MISSING_SHARE = 1.0, 0.02
#: Frames per second of streams that state neither timestamps nor a rate.
_ASSUMED_RATE = 25.0

Result = TypeVar("Result")


def read_frames(path: str | Path, every: int = 1, threads: int = 0) -> Generator[np.ndarray, None, Timeline]:
    """Decode a video and yield every `every`-th frame, starting with the first.

    Frames are counted as stored: with a variable frame rate, none is repeated or dropped. Damaged or missing parts are
    left out and noted in the remarks of the returned timeline.

    Args:
        every: frame step.
        threads: number of threads of the decoder; 0 = one per core.

    Yields:
        [height, width, 3] uint8, RGB, rotated as the file asks.

    Returns:
        The times of all frames, including those not yielded.

    Raises:
        UnreadableVideo: the file is not a video, or no frame of it can be decoded.
    """
    frames = decoded_frames(path, threads)
    number = 0
    while True:
        try:
            frame = next(frames)
        except StopIteration as stop:
            return stop.value
        if number % every == 0:
            yield upright(frame)
        number += 1


def timeline_of(path: str | Path, threads: int = 0) -> Timeline:
    """Decode a whole video and return the times of its frames; arguments and errors as for `read_frames`."""
    return returned_by(decoded_frames(path, threads))


def returned_by(generator: Generator[Any, None, Result]) -> Result:
    """Run a generator to its end and return its return value."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


def upright(frame: VideoFrame) -> np.ndarray:
    """Return a frame as an upright picture, [height, width, 3] uint8 RGB, rotated as the file says."""
    image = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as np.rot90 turns
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def seconds_of(frame: Any) -> float | None:
    """Return the timestamp of a frame of picture or sound in seconds; None if it has none."""
    return float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base is not None else None


def decoded_frames(path: str | Path, threads: int = 0) -> Generator[VideoFrame, None, Timeline]:
    """Yield all frames as FFmpeg objects, in the order shown; arguments, return and errors as for `read_frames`."""
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        clock, damage = Clock(clock_may_leap(container)), Damage()
        shown: list[float] = []
        has_times = False
        for frame in decoded(container, [stream], {stream.index: damage}, path):
            seconds = seconds_of(frame)
            has_times |= seconds is not None
            duration = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
            shown.append(clock.seconds(seconds, duration or 1 / _stated_rate(stream)))
            yield frame
        if not shown:
            raise UnreadableVideo(f"{path}: holds no frame that can be decoded{damage.because()}.")
        times = np.array([*shown, clock.end])
        remarks = damage.remarks("picture", _missing_at_the_end(stream, shown[-1]))
        if not has_times:
            rate = (len(times) - 1) / (times[-1] - times[0])
            remarks.append(f"stores no times of its frames, {rate:.4g} frames a second are assumed")
        if clock.jumps:
            remarks.append(f"its clock jumps {len(clock.jumps)} time(s), the parts are taken to follow one another")
        return Timeline(times, tuple(clock.jumps), tuple(remarks), threads)


def clock_may_leap(container: InputContainer) -> bool:
    """Whether the format allows the clock to be reset within a file."""
    from av.format import Flags

    flag: Any = Flags.ts_discont
    return bool(container.format.flags & flag.value)


def _stated_rate(stream: VideoStream) -> float:
    """Return the frames per second in the header; the average comes last, since for raw streams FFmpeg makes it up."""
    rate = stream.codec_context.framerate or stream.guessed_rate or stream.average_rate
    return float(rate) if rate else _ASSUMED_RATE


def _missing_at_the_end(stream: VideoStream, end: float) -> str:
    promised = _promised_seconds(stream)
    if promised is None or end >= promised * (1 - _MISSING_SHARE) - _MISSING_SECONDS:
        return ""
    return f"it ends at {end:.1f} s of {promised:.1f} s, and what comes before is used"


def _promised_seconds(stream: VideoStream) -> float | None:
    """Return the end of the video stream in seconds by its header, on the clock of its frames; None if not stated."""
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    tag = stream.metadata.get("DURATION", "")  # Matroska: hours:minutes:seconds
    try:
        hours, minutes, seconds = (float(part) for part in tag.split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds

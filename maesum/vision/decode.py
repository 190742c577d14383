"""Reading the frames of a video file as far as it can be decoded: all or every k-th, upright, with their times."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from maesum.vision.clock import Clock, Timeline
from maesum.vision.container import UnreadableVideo, check_shortage, open_video, reason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: How much of the promised duration may be missing at the end, in seconds and as a share, before a file counts as cut:
#: durations in headers are rounded, and include the sound's in some containers.
_MISSING_SECONDS, _MISSING_SHARE = 1.0, 0.02
#: Of streams that state neither times nor a rate.
_ASSUMED_RATE = 25.0
#: Errors in a row after which a decoder that is to give its last frames is given up; each frame may cost one.
_MOST_ERRORS_AT_THE_END = 64

Result = TypeVar("Result")


def read_frames(path: str | Path, every: int = 1, threads: int = 0) -> Generator[np.ndarray, None, Timeline]:
    """Decode a video and yield every `every`-th frame, starting with the first.

    Frames are counted as they are stored: a variable frame rate neither repeats nor drops any. What is damaged or
    missing is left out, and told in the remarks of what is returned.

    Args:
        threads: of the decoder; 0 = one per core.

    Yields:
        [height, width, 3] uint8, RGB, rotated as the file asks.

    Returns:
        When the frames are shown, the skipped ones included.

    Raises:
        UnreadableVideo: not a video, or without a frame that can be decoded.
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
    """Decode a whole video for the times of its frames only; arguments and errors as for `read_frames`."""
    return returned_by(decoded_frames(path, threads))


def returned_by(generator: Generator[Any, None, Result]) -> Result:
    """Run a generator to its end for what it returns."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


def upright(frame: VideoFrame) -> np.ndarray:
    """The picture as it is meant to be seen: [height, width, 3] uint8, RGB, quarter turns of the file applied."""
    image = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as np.rot90 turns
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def seconds_of(frame: Any) -> float | None:
    """When a picture or a piece of sound is due by the file; None where it does not say."""
    return float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base is not None else None


def decoded_frames(path: str | Path, threads: int = 0) -> Generator[VideoFrame, None, Timeline]:
    """All frames in the order of showing, as FFmpeg gives them; arguments, return and errors as for `read_frames`."""
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
        return Timeline(times, tuple(clock.jumps), tuple(remarks))


def clock_may_leap(container: InputContainer) -> bool:
    """Whether the format is one whose clock may be set anew within a file."""
    from av.format import Flags

    flag: Any = Flags.ts_discont
    return bool(container.format.flags & flag.value)


@dataclass
class Damage:
    """What of a stream could not be read, counted while it is decoded."""

    packets: int = 0
    damaged: int = 0
    ended_by: str = ""
    last_error: str = ""

    def add(self, unused: Packet | None) -> None:
        """Count a packet that is not decoded, if there is one."""
        if unused is not None:
            self.packets += 1
            self.damaged += 1

    def because(self) -> str:
        """The reason in brackets, where there is one."""
        cause = self.ended_by or self.last_error
        return f" ({cause})" if cause else ""

    def remarks(self, what: str, missing_at_the_end: str = "") -> list[str]:
        """What a user is told of it.

        Args:
            what: the name of the stream's content.
        """
        remarks = []
        if missing_at_the_end:
            remarks.append(f"is cut short: {missing_at_the_end}")
        elif self.ended_by:
            remarks.append(f"ends in an error ({self.ended_by}), what came before is used")
        if self.damaged:
            remarks.append(f"damaged packets of its {what}: {self.damaged:,} of {self.packets:,}")
        return remarks


def decoded(
    container: InputContainer, streams: list[Any], damages: dict[int, Damage], path: str | Path
) -> Iterator[Any]:
    """The frames of streams as they come; packets that are damaged are counted and left out.

    Args:
        damages: by the index of the stream.

    Raises:
        MachineShortage: the machine rather than the file is the cause of an error.
    """
    import av

    packets = container.demux(*streams)
    # A damaged packet waits for the next one, since it is left out where it is the last: with several threads a decoder
    # would lose the frames before it, too, and how many there are would depend on the number of threads.
    waiting: dict[int, Packet] = {}
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError as error:
            check_shortage(error, path)
            for damage in damages.values():
                damage.ended_by = reason(error)
            break
        index = packet.stream.index
        if packet.size:
            if index in waiting:
                yield from _frames_of(waiting.pop(index), damages[index], path)
            if packet.is_corrupt:
                waiting[index] = packet
            else:
                yield from _frames_of(packet, damages[index], path)
        elif packet.dts is None:  # the end: the decoder gives what it held back
            damages[index].add(waiting.pop(index, None))
            yield from _drained(packet.decode, damages[index], path)
    for stream in streams:
        damages[stream.index].add(waiting.pop(stream.index, None))
        for frame in _drained(partial(stream.decode, None), damages[stream.index], path):
            frame.time_base = stream.time_base  # else set by the packet that ends the stream, which did not come
            yield frame


def _frames_of(packet: Packet, damage: Damage, path: str | Path) -> list[Any]:
    damage.packets += 1
    frames = _attempt(packet.decode, damage, path)
    if frames is None or packet.is_corrupt:
        damage.damaged += 1
    return frames or []


def _drained(decode: Callable[[], list[Any]], damage: Damage, path: str | Path) -> Iterator[Any]:
    """The frames that a decoder holds back until it is told of the end."""
    for _ in range(_MOST_ERRORS_AT_THE_END):
        frames = _attempt(decode, damage, path)
        if frames is not None:
            yield from frames
            return
        damage.damaged += 1


def _attempt(decode: Callable[[], list[Any]], damage: Damage, path: str | Path) -> list[Any] | None:
    """What a decoder gives, or None where it fails on what it was given."""
    import av

    try:
        return decode()
    except av.EOFError:  # it had ended already
        return []
    except av.FFmpegError as error:
        check_shortage(error, path)
        damage.last_error = reason(error)
        return None


def _stated_rate(stream: VideoStream) -> float:
    """Frames a second by the header; for raw streams the average is a default of FFmpeg's, so it comes last."""
    rate = stream.codec_context.framerate or stream.guessed_rate or stream.average_rate
    return float(rate) if rate else _ASSUMED_RATE


def _missing_at_the_end(stream: VideoStream, end: float) -> str:
    promised = _promised_seconds(stream)
    if promised is None or end >= promised * (1 - _MISSING_SHARE) - _MISSING_SECONDS:
        return ""
    return f"it ends at {end:.1f} s of {promised:.1f} s, and what comes before is used"


def _promised_seconds(stream: VideoStream) -> float | None:
    """When the video stream ends by its own header, on the clock of its frames; None where the header does not say."""
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    tag = stream.metadata.get("DURATION", "")  # Matroska: hours:minutes:seconds
    try:
        hours, minutes, seconds = (float(part) for part in tag.split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds

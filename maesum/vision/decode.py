"""Reading the frames of a video file: all of them or every k-th, upright, with their times."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maesum.errors import MaesumError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: How much of the promised duration may be missing at the end, in seconds and as a share, before a file counts as cut:
#: durations in headers are rounded, and include the sound's in some containers.
_MISSING_SECONDS, _MISSING_SHARE = 1.0, 0.02


class UnreadableVideo(MaesumError):
    """A file that cannot be decoded to its end, with the reason."""


def read_frames(path: str | Path, every: int = 1, threads: int = 0) -> Generator[np.ndarray, None, int]:
    """Decode a video and yield every `every`-th frame, starting with the first.

    Frames are counted as they are stored: a variable frame rate neither repeats nor drops any.

    Args:
        threads: of the decoder; 0 = one per core.

    Yields:
        [height, width, 3] uint8, RGB, rotated as the file asks.

    Returns:
        The number of frames of the video, the skipped ones included.

    Raises:
        UnreadableVideo: not a video, broken, cut short, or without a frame.
    """
    number = -1
    for number, frame in enumerate(decoded_frames(path, threads)):
        if number % every == 0:
            yield upright(frame)
    return number + 1


def frame_rate(path: str | Path) -> float:
    """Frames per second: the average where the rate varies."""
    with open_video(path) as (_, stream):
        rate = stream.average_rate or stream.guessed_rate
        return float(rate) if rate else 25.0


def upright(frame: VideoFrame) -> np.ndarray:
    """The picture as it is meant to be seen: [height, width, 3] uint8, RGB, quarter turns of the file applied."""
    image = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as np.rot90 turns
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def seconds_of(frame: VideoFrame) -> float:
    """When a frame is shown; 0 for the frames of formats without times."""
    return float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base is not None else 0.0


@contextmanager
def open_video(path: str | Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and find its video stream; what FFmpeg reports becomes an `UnreadableVideo`."""
    import av
    from av.stream import Disposition

    path = Path(path)
    if not path.is_file():
        raise UnreadableVideo(f"{path}: no such video file.")
    if path.stat().st_size == 0:
        raise UnreadableVideo(f"{path}: the file is empty.")
    try:
        with av.open(str(path)) as container:
            # A cover picture in a sound file is a stream of one picture, not a video.
            streams = [
                stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
            ]
            if not streams:
                raise UnreadableVideo(f"{path}: holds no video stream.")
            yield container, streams[0]
    except (av.FFmpegError, UnicodeDecodeError) as error:
        raise UnreadableVideo(f"{path}: cannot be decoded ({_reason(error)}).") from None


def decoded_frames(path: str | Path, threads: int = 0) -> Iterator[VideoFrame]:
    """All frames in the order of showing, as FFmpeg gives them.

    Args:
        threads: of the decoder; 0 = one per core.

    Raises:
        UnreadableVideo: also after the last frame, when that came too early.
    """
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        count, end = 0, 0.0
        for packet in container.demux(stream):
            if packet.is_corrupt:
                raise UnreadableVideo(f"{path}: is damaged or cut short after frame {count}.")
            for frame in packet.decode():
                count += 1
                end = seconds_of(frame)
                yield frame
        if count == 0:
            raise UnreadableVideo(f"{path}: holds no frame.")
        promised = _promised_seconds(stream)
        if promised is not None and end < promised * (1 - _MISSING_SHARE) - _MISSING_SECONDS:
            raise UnreadableVideo(f"{path}: is cut short, it ends at {end:.1f} s of {promised:.1f} s.")


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


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)

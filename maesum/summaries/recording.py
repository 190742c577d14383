"""Write parts of a video as a new one: H.264 and AAC in MP4, the sound kept in step with the picture."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maesum.summaries.picture import Picture
from maesum.summaries.sound import Sound
from maesum.summaries.thumbnails import thumbnail
from maesum.system.errors import MaesumError
from maesum.system.files import atomic_path
from maesum.vision.clock import Clock, Timeline
from maesum.vision.container import ffmpeg_url, open_video, reason
from maesum.vision.decode import clock_may_leap, upright
from maesum.vision.tolerant import Damage, decoded

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(frozen=True)
class Recorded:
    """The result of a recording.

    Attributes:
        seconds: the length of the new video.
        thumbnails: JPEG bytes by frame number of the source.
        remarks: faults of the source's sound, worded to follow the file's name.
    """

    seconds: float
    thumbnails: dict[int, bytes]
    remarks: tuple[str, ...]


def record(
    source: str | Path,
    out: str | Path,
    runs: Sequence[tuple[int, int]],
    timeline: Timeline,
    height: int | None = None,
    pictured: Collection[int] = (),
) -> Recorded:
    """Write parts of a video, one after the other, silent where the sound cannot be decoded.

    Args:
        runs: first and last frame of each part, both inclusive, in order.
        timeline: of the source.
        height: largest height of the new video.
        pictured: the frames of the source to return a thumbnail of.

    Raises:
        UnreadableVideo: the source cannot be decoded.
        MaesumError: the output cannot be written.
    """
    import av

    times = timeline.times
    spans = [(float(times[first]), float(times[last + 1])) for first, last in runs]
    starts = np.concatenate([[0.0], np.cumsum([stop - start for start, stop in spans])])
    rate = Fraction(timeline.fps).limit_denominator(1001) or Fraction(1, 1001)
    with (
        atomic_path(out) as temporary,
        open_video(source) as (container, stream),
        _writing(out),
        av.open(ffmpeg_url(temporary), "w", format="mp4", options={"movflags": "faststart"}) as output,
    ):
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = timeline.threads
        picture = Picture(output, runs, times, starts[:-1].tolist(), rate, height)
        clock = Clock(clock_may_leap(container), timeline.jumps)
        sound = Sound(spans, starts.tolist(), clock) if _has_sound(container) else None
        thumbnails, remarks = _copy(container, stream, picture, sound, frozenset(pictured), source)
    return Recorded(float(starts[-1]), thumbnails, tuple(remarks))


@contextmanager
def _writing(out: str | Path) -> Iterator[None]:
    """Raise errors of FFmpeg from the block as a MaesumError that names the new file and not the source."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        raise MaesumError(f"{out}: cannot be written ({reason(error)}); make room or choose another out=.") from None


def _has_sound(container: InputContainer) -> bool:
    """Return whether there is a sound stream with a known rate that FFmpeg can decode."""
    streams = container.streams.audio
    return bool(streams) and streams[0].codec_context is not None and bool(streams[0].rate)


def _copy(
    container: InputContainer,
    stream: VideoStream,
    picture: Picture,
    sound: Sound | None,
    pictured: frozenset[int],
    source: str | Path,
) -> tuple[dict[int, bytes], list[str]]:
    """Decode the source once, picture and sound in their order in the file, and encode what is in the runs."""
    import av

    streams: list[Any] = [stream] if sound is None else [stream, container.streams.audio[0]]
    damages = {each.index: Damage() for each in streams}
    thumbnails: dict[int, bytes] = {}
    for frame in decoded(container, streams, damages, source):
        if isinstance(frame, av.VideoFrame):
            if picture.stream is None:
                picture.open(frame)
                if sound is not None:
                    sound.open(picture.output)
            if picture.number in pictured:
                thumbnails[picture.number] = thumbnail(upright(frame))
            picture.add(frame)
        elif isinstance(frame, av.AudioFrame) and sound is not None:
            try:
                sound.add(frame)
            except (av.FFmpegError, ValueError):  # a sample format that cannot be converted
                damages[streams[1].index].damaged += 1
        if sound is not None:
            sound.write()
    picture.finish()
    if sound is None:
        is_lost = bool(container.streams.audio)
        return thumbnails, ["its sound cannot be decoded, the summary is silent"] if is_lost else []
    sound.finish()
    remarks = damages[streams[1].index].remarks("sound")
    return thumbnails, [f"{remark}, the summary is silent there" for remark in remarks]

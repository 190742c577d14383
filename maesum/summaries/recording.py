"""Writing parts of a video as a new one: H.264 and AAC in MP4, the sound kept in step with the picture."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maesum.errors import MaesumError
from maesum.files import atomic_path
from maesum.summaries.sound import Sound
from maesum.summaries.thumbnails import thumbnail
from maesum.vision.clock import Clock, Timeline
from maesum.vision.container import ffmpeg_url, open_video, reason
from maesum.vision.decode import Damage, clock_may_leap, decoded, upright

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: The clock of written videos: ticks per second that hold the usual frame rates and 48 kHz exactly.
_CLOCK = 90_000
_QUALITY = "20"  # x264's constant rate factor: hard to tell from the original
_SPEED = "veryfast"


@dataclass
class _Picture:
    """Encodes the frames of the runs, each at its place on the clock of the new video.

    Attributes:
        runs: first and last frame of each part.
        times: [n_frames + 1] seconds in the source.
        starts: seconds at which each part starts in the new video.
        height: of the new video at most; None = as it is.
    """

    output: OutputContainer
    runs: Sequence[tuple[int, int]]
    times: np.ndarray
    starts: Sequence[float]
    rate: Fraction
    height: int | None
    stream: VideoStream | None = None
    number: int = 0
    run: int = 0
    last_tick: int = field(default=-1)
    durations: dict[int, int] = field(default_factory=dict)  # ticks, by the tick at which a frame is shown

    def add(self, frame: VideoFrame) -> None:
        """The next frame of the source, whether it belongs to a run or not."""
        number = self.number
        self.number += 1
        while self.run < len(self.runs) and number > self.runs[self.run][1]:
            self.run += 1
        if self.run == len(self.runs) or number < self.runs[self.run][0]:
            return
        seconds = self.starts[self.run] + self.times[number] - self.times[self.runs[self.run][0]]
        tick = max(round(seconds * _CLOCK), self.last_tick + 1)  # sources with equal times still give rising ones
        self.last_tick = tick
        picture = self._prepared(frame)
        picture.pts, picture.time_base = tick, Fraction(1, _CLOCK)
        self.durations[tick] = max(1, round((self.times[number + 1] - self.times[number]) * _CLOCK))
        assert self.stream is not None
        self._write(self.stream.encode(picture))

    def finish(self) -> None:
        """Encode what the encoder holds back."""
        if self.stream is not None:
            self._write(self.stream.encode(None))

    def open(self, first: VideoFrame) -> None:
        """Add the stream, for pictures like this one, upright."""
        turned = round(first.rotation / 90) % 2 == 1
        width, height = (first.height, first.width) if turned else (first.width, first.height)
        scale = min(1.0, self.height / height) if self.height else 1.0
        stream: Any = self.output.add_stream("libx264", rate=self.rate, options={"crf": _QUALITY, "preset": _SPEED})
        # Two pixels share a colour sample in each direction: odd sizes lose their last row or column.
        stream.width, stream.height = max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _CLOCK)
        self.stream = stream

    def _write(self, packets: list[Any]) -> None:
        for packet in packets:  # the encoder knows no durations, and the last frame's is the file's end
            packet.duration = self.durations.pop(packet.pts, packet.duration)
        self.output.mux(packets)

    def _prepared(self, frame: VideoFrame) -> VideoFrame:
        from av.video.frame import PictureType
        from av.video.frame import VideoFrame as Frame

        assert self.stream is not None
        turned = frame if not frame.rotation else Frame.from_ndarray(upright(frame), format="rgb24")
        picture = turned.reformat(self.stream.width, self.stream.height, "yuv420p")
        picture.pict_type = PictureType.NONE  # else the encoder repeats the source's choice of key frames
        return picture


@dataclass(frozen=True)
class Recorded:
    """What was written.

    Attributes:
        seconds: the length of the new video.
        thumbnails: JPEG bytes by frame number of the source.
        remarks: what is wrong with the sound of the source, each to be read behind the file's name.
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
        height: of the new video at most.
        pictured: the frames of the source to return a small picture of.

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
        picture = _Picture(output, runs, times, starts[:-1].tolist(), rate, height)
        clock = Clock(clock_may_leap(container), timeline.jumps)
        sound = Sound(spans, starts.tolist(), clock) if _has_sound(container) else None
        thumbnails, remarks = _copy(container, stream, picture, sound, frozenset(pictured), source)
    return Recorded(float(starts[-1]), thumbnails, tuple(remarks))


@contextmanager
def _writing(out: str | Path) -> Iterator[None]:
    """Name the new file, not the source, where FFmpeg cannot encode or write."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        raise MaesumError(f"{out}: cannot be written ({reason(error)}); make room or choose another out=.") from None


def _has_sound(container: InputContainer) -> bool:
    """Whether there is a sound stream that FFmpeg has a decoder for and knows the rate of."""
    streams = container.streams.audio
    return bool(streams) and streams[0].codec_context is not None and bool(streams[0].rate)


def _copy(
    container: InputContainer,
    stream: VideoStream,
    picture: _Picture,
    sound: Sound | None,
    pictured: frozenset[int],
    source: str | Path,
) -> tuple[dict[int, bytes], list[str]]:
    """Decode the source once, picture and sound as they come, and encode what belongs to the runs."""
    import av

    stream.thread_type = "AUTO"
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
            except (av.FFmpegError, ValueError):  # a form that cannot be converted
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

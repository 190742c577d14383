"""Writing parts of a video as a new one: H.264 and AAC in MP4, the sound kept in step with the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maesum.files import atomic_path
from maesum.summaries.sound import Sound
from maesum.vision.decode import open_video, upright

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
        assert self.stream is not None
        self.output.mux(self.stream.encode(picture))

    def finish(self) -> None:
        """Encode what the encoder holds back."""
        if self.stream is not None:
            self.output.mux(self.stream.encode(None))

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

    def _prepared(self, frame: VideoFrame) -> VideoFrame:
        from av.video.frame import PictureType
        from av.video.frame import VideoFrame as Frame

        assert self.stream is not None
        turned = frame if not frame.rotation else Frame.from_ndarray(upright(frame), format="rgb24")
        picture = turned.reformat(self.stream.width, self.stream.height, "yuv420p")
        picture.pict_type = PictureType.NONE  # else the encoder repeats the source's choice of key frames
        return picture


def record(
    source: str | Path,
    out: str | Path,
    runs: Sequence[tuple[int, int]],
    times: np.ndarray,
    height: int | None = None,
) -> float:
    """Write parts of a video, one after the other.

    Args:
        runs: first and last frame of each part, both inclusive, in order.
        times: [n_frames + 1] seconds, when each frame is shown and when the last one ends.
        height: of the new video at most.

    Returns:
        Its length in seconds.

    Raises:
        UnreadableVideo: the source cannot be decoded.
        MaesumError: the output cannot be written.
    """
    import av

    spans = [(float(times[first]), float(times[last + 1])) for first, last in runs]
    starts = np.concatenate([[0.0], np.cumsum([stop - start for start, stop in spans])])
    with (
        atomic_path(out) as temporary,
        open_video(source) as (container, stream),
        av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as output,
    ):
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25).limit_denominator(1001)
        picture = _Picture(output, runs, times, starts[:-1].tolist(), rate, height)
        sound = Sound(spans, starts.tolist()) if container.streams.audio else None
        _copy(container, stream, output, picture, sound)
    return float(starts[-1])


def _copy(
    container: InputContainer, stream: VideoStream, output: OutputContainer, picture: _Picture, sound: Sound | None
) -> None:
    """Decode the source once, picture and sound as they come, and encode what belongs to the runs."""
    import av

    stream.thread_type = "AUTO"
    sources = [stream] if sound is None else [stream, container.streams.audio[0]]
    for packet in container.demux(*sources):
        for frame in packet.decode():
            if isinstance(frame, av.VideoFrame):
                if picture.stream is None:
                    picture.open(frame)
                    if sound is not None:
                        sound.open(output)
                picture.add(frame)
            elif isinstance(frame, av.AudioFrame) and sound is not None:
                sound.add(frame)
        if sound is not None:
            sound.write()
    picture.finish()
    if sound is not None:
        sound.finish()

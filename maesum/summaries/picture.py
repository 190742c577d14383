"""Encode the pictures of the parts of a video as H.264, each frame at its own time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from maesum.vision.decode import upright

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: The clock of written videos: ticks per second that hold the usual frame rates and 48 kHz exactly.
_CLOCK = 90_000
_QUALITY = "20"  # x264's constant rate factor: hard to tell from the original
_SPEED = "veryfast"


@dataclass
class Picture:
    """Encodes the frames of the runs, each at its place on the clock of the new video.

    Attributes:
        runs: first and last frame of each part.
        times: [n_frames + 1] seconds in the source.
        starts: seconds at which each part starts in the new video.
        height: largest height of the new video; None = that of the source.
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
        """Process the next frame of the source, whether it belongs to the summary or not."""
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
        """Encode the frames that the encoder has buffered."""
        if self.stream is not None:
            self._write(self.stream.encode(None))

    def open(self, first: VideoFrame) -> None:
        """Add the stream, for pictures like this one, upright."""
        turned = round(first.rotation / 90) % 2 == 1
        width, height = (first.height, first.width) if turned else (first.width, first.height)
        scale = min(1.0, self.height / height) if self.height else 1.0
        # No B frames: the length that MP4 states follows the order of decoding, and with them would fall short of the
        # last pictures where frames are shown for long.
        options = {"crf": _QUALITY, "preset": _SPEED, "bf": "0"}
        stream: Any = self.output.add_stream("libx264", rate=self.rate, options=options)
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

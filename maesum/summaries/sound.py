"""Encode the sound of the parts of a video, cut to the sample at the picture's times, with silence in gaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from maesum.vision.clock import Clock
from maesum.vision.decode import seconds_of

if TYPE_CHECKING:
    from av import AudioResampler
    from av.audio.frame import AudioFrame
    from av.container import OutputContainer

SAMPLE_RATE = 48_000
_LAYOUT, _CHANNELS = "stereo", 2
_FRAME = 1024  # samples of an AAC frame


class Sound:
    """Collects the source's sound, keeps what belongs to the spans, and encodes it as AAC.

    Every sample is placed by the source's clock, not by counting: sound that starts late or has holes stays in step.

    Args:
        spans: start and end of each part, in seconds of the source.
        starts: [parts + 1] seconds, where each part starts in the new video, and its length.
        clock: of the source's sound.
    """

    def __init__(self, spans: Sequence[tuple[float, float]], starts: Sequence[float], clock: Clock) -> None:
        self._clock = clock
        self._resampler = _resampler()
        self._form: tuple[object, ...] | None = None  # what the resampler was given so far
        self._samples_from = [round(start * SAMPLE_RATE) for start, _ in spans]
        self._samples_at = [round(start * SAMPLE_RATE) for start in starts]
        self._kept: list[np.ndarray] = []  # [2, k] float32 each, in the order of the new video
        self._placed = 0  # samples of the new video that are collected
        self._written = 0
        self._position: int | None = None  # sample of the source that the resampler gives next
        self._output: OutputContainer | None = None
        self._stream: Any = None

    def open(self, output: OutputContainer) -> None:
        """Add the stream; sound that came before is kept until then."""
        self._output = output
        self._stream = output.add_stream("aac", rate=SAMPLE_RATE, layout=_LAYOUT)

    def add(self, frame: AudioFrame) -> None:
        """Process the next decoded piece of the source's sound."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._form is not None and form != self._form:  # files joined end to end may differ in it
            self._place_all(self._resampler.resample(None))
            self._resampler = _resampler()
        self._form = form
        shown = seconds_of(frame)
        seconds = self._clock.seconds(shown, frame.samples / frame.sample_rate)
        if shown is not None:
            position = round(seconds * SAMPLE_RATE)
            # Rounded times of the source differ by a sample or so; only a real gap moves the position.
            if self._position is None or abs(position - self._position) > _FRAME:
                self._position = position
        frame.pts = None
        self._place_all(self._resampler.resample(frame))

    def write(self) -> None:
        """Encode the whole AAC frames collected so far."""
        if self._stream is None or not self._kept:
            return
        samples = np.concatenate(self._kept, axis=1)
        whole = samples.shape[1] // _FRAME * _FRAME
        for start in range(0, whole, _FRAME):
            self._encode(samples[:, start : start + _FRAME])
        self._kept = [samples[:, whole:]]

    def finish(self) -> None:
        """Fill up with silence to the length of the picture, and encode the rest."""
        self._place_all(self._resampler.resample(None))
        self._silence_to(self._samples_at[-1])
        self.write()
        if self._stream is None or self._output is None:
            return
        if self._kept and self._kept[0].shape[1]:
            self._encode(self._kept[0])
        self._output.mux(self._stream.encode(None))

    def _place_all(self, pieces: Iterable[AudioFrame]) -> None:
        for piece in pieces:
            self._place(piece.to_ndarray())

    def _place(self, samples: np.ndarray) -> None:
        """Keep the parts of [2, k] samples at the current position that fall into spans."""
        position = self._position or 0
        self._position = position + samples.shape[1]
        for part, start in enumerate(self._samples_from):
            length = self._samples_at[part + 1] - self._samples_at[part]
            low, high = max(position, start), min(self._position, start + length)
            if low >= high:
                continue
            at = self._samples_at[part] + low - start  # sample of the new video
            self._silence_to(at)
            already = self._placed - at  # where pieces of the source overlap, the first one counts
            piece = samples[:, low - position + already : high - position]
            if piece.shape[1]:
                self._kept.append(piece)
                self._placed += piece.shape[1]

    def _silence_to(self, sample: int) -> None:
        if sample > self._placed:
            self._kept.append(np.zeros((_CHANNELS, sample - self._placed), dtype=np.float32))
            self._placed = sample

    def _encode(self, samples: np.ndarray) -> None:
        from av.audio.frame import AudioFrame as Frame

        assert self._output is not None
        frame = Frame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=_LAYOUT)
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._written, Fraction(1, SAMPLE_RATE)
        self._written += samples.shape[1]
        self._output.mux(self._stream.encode(frame))


def _resampler() -> AudioResampler:
    from av import AudioResampler as Resampler

    return Resampler(format="fltp", layout=_LAYOUT, rate=SAMPLE_RATE)

"""Small videos made for tests: every frame says its number by its colour."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor, nn

SAMPLE_RATE = 48_000


class TinyNetwork(nn.Module):
    """A backbone for tests: 12-D, fixed weights, milliseconds."""

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.conv = nn.Conv2d(3, width, 16, stride=16)

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images).relu().mean(dim=(2, 3))


def level(number: int) -> int:
    """The grey level of frame `number`: steps of 5 that survive compression."""
    return 20 + 5 * (number % 40)


def write_video(
    path: Path,
    frames: int = 40,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pts: Sequence[int] | None = None,
    images: Sequence[np.ndarray] | None = None,
    sound: np.ndarray | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video at 25 frames per second.

    Args:
        size: width and height.
        pts: when each frame is shown, in hundredths of a second; None = every four.
        images: [height, width, 3] uint8 each; None = grey, by `level`.
        sound: [samples] float32 at 48 kHz, or None.
        options: of the container.
    """
    width, height = size
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.time_base = Fraction(1, 100)
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono") if sound is not None else None
        for number in range(frames):
            image = np.full((height, width, 3), level(number), np.uint8) if images is None else images[number]
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(width, height, pix_fmt)
            frame.pts = 4 * number if pts is None else pts[number]
            frame.time_base = Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None and sound is not None:
            for start in range(0, len(sound), 1024):
                piece = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="fltp", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
                container.mux(audio.encode(piece))
            container.mux(audio.encode(None))
    return path


def without_rate(path: Path) -> Path:
    """Blank the frame rate of a WebM file, as browsers record it: there is a clock of milliseconds and nothing else."""
    content = bytearray(path.read_bytes())
    at = content.index(bytes.fromhex("23e383"))  # DefaultDuration
    length = 4 + (content[at + 3] & 0x7F)
    content[at : at + length] = bytes([0xEC, 0x80 | (length - 2)]) + bytes(length - 2)  # Void
    path.write_bytes(content)
    return path


def damage_sound(path: Path, every: int = 2) -> Path:
    """Overwrite every so many packets of the sound; the picture stays whole."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    content, rng = bytearray(path.read_bytes()), np.random.default_rng(0)
    for position, size in packets[1::every]:
        content[position : position + size] = rng.bytes(size)
    path.write_bytes(content)
    return path


def rotate_flag(path: Path, clockwise: int) -> Path:
    """Set the rotation flag of an MP4 file, as phones do: its pictures are to be turned before they are shown."""
    matrices = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    a, b, c, d = matrices[clockwise]
    values = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd") + 4
    at = header + 40  # version and flags, times, ids, reserved, layer, volume: then the matrix
    content[at : at + 36] = b"".join((value & 0xFFFFFFFF).to_bytes(4, "big") for value in values)
    path.write_bytes(content)
    return path

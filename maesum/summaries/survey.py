"""One look through a video for what its summary needs: when each frame is shown, and pictures of some frames."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maesum.errors import MaesumError
from maesum.vision.decode import decoded_frames, frame_rate, seconds_of, upright

_THUMBNAIL_WIDTH = 160
_JPEG_QUALITY = 70


@dataclass(frozen=True)
class Survey:
    """What was seen.

    Attributes:
        times: [n_frames + 1] float64, when each frame is shown and when the last one ends, in seconds on the clock of
            the file, which the sound shares.
        thumbnails: JPEG bytes by frame number.
    """

    times: np.ndarray
    thumbnails: dict[int, bytes]


def survey(path: str | Path, pictured: Collection[int], n_frames: int) -> Survey:
    """Decode a video once.

    Args:
        pictured: the frames to keep a small picture of.
        n_frames: how many frames its features were made of.

    Raises:
        UnreadableVideo: see `maesum.vision.decode.read_frames`.
        MaesumError: the file has another number of frames now.
    """
    shown: list[float] = []
    thumbnails: dict[int, bytes] = {}
    duration = 0.0
    wanted = frozenset(pictured)
    for number, frame in enumerate(decoded_frames(path)):
        shown.append(seconds_of(frame))
        duration = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
        if number in wanted:
            thumbnails[number] = thumbnail(upright(frame))
    if len(shown) != n_frames:
        raise MaesumError(f"{path}: has {len(shown)} frames, but its features are of {n_frames}; extract it again.")
    if duration <= 0:
        duration = (shown[-1] - shown[0]) / (len(shown) - 1) if len(shown) > 1 else 1 / frame_rate(path)
    return Survey(np.array([*shown, shown[-1] + duration]), thumbnails)


def thumbnail(image: np.ndarray) -> bytes:
    """A picture [height, width, 3] uint8 as a small JPEG."""
    from PIL import Image

    height = max(1, round(image.shape[0] * _THUMBNAIL_WIDTH / image.shape[1]))
    small = Image.fromarray(image).resize((_THUMBNAIL_WIDTH, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()

"""Make small pictures of shots, for the page."""

from __future__ import annotations

import io

import numpy as np

_WIDTH = 160
_JPEG_QUALITY = 70


def thumbnail(image: np.ndarray) -> bytes:
    """Return a picture [height, width, 3] uint8 as a small JPEG."""
    from PIL import Image

    height = max(1, round(image.shape[0] * _WIDTH / image.shape[1]))
    small = Image.fromarray(image).resize((_WIDTH, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()

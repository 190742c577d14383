"""The paper's preprocessing, step by step."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from maesum.vision.preprocessing import centre_crop, normalise


def test_resizes_to_256_by_lanczos_and_keeps_the_centre() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 301, 3), dtype=np.uint8)
    resized = np.asarray(Image.fromarray(image).resize((256, 256), Image.Resampling.LANCZOS))
    crop = centre_crop(image)
    assert crop.shape == (224, 224, 3)
    np.testing.assert_array_equal(crop, resized[16:240, 16:240])


def test_normalises_as_torchvision_does() -> None:
    images = torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    expected = (images.permute(0, 3, 1, 2).float() / 255 - mean) / std
    torch.testing.assert_close(normalise(images), expected, rtol=1e-5, atol=1e-5)

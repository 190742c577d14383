"""Resize, crop and normalise decoded pictures for a backbone (paper, A1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

RESIZED, CROPPED = 256, 224
#: Mean and standard deviation of ImageNet's colours, for values in [0, 1].
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: The description of this preprocessing in features files.
DESCRIPTION = "resized to 256x256 by Lanczos, centre crop 224x224, ImageNet mean and standard deviation"


def centre_crop(image: np.ndarray) -> np.ndarray:
    """Resize a picture of any shape to 256 x 256 by Lanczos, and keep the centre.

    Args:
        image: [height, width, 3] uint8.

    Returns:
        [224, 224, 3] uint8.
    """
    from PIL import Image

    resized = Image.fromarray(image).resize((RESIZED, RESIZED), Image.Resampling.LANCZOS)
    margin = (RESIZED - CROPPED) // 2
    return np.asarray(resized)[margin : margin + CROPPED, margin : margin + CROPPED]


def normalise(images: Tensor) -> Tensor:
    """Normalise colours as in the training of the backbones, and put channels first.

    Args:
        images: [B, 224, 224, 3] uint8, on any device.

    Returns:
        [B, 3, 224, 224] float32 in channels-last memory format: no copy is needed, and convolutions are fast.
    """
    import torch

    mean = torch.tensor(MEAN, device=images.device) * 255
    std = torch.tensor(STD, device=images.device) * 255
    return images.float().sub_(mean).div_(std).permute(0, 3, 1, 2)

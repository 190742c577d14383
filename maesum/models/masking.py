"""Make masks, which decide outside the model which frames are hidden.

A mask is bool [B, T], True = masked. Training uses `random_mask` and scoring `target_mask`; the model takes either.
"""

from __future__ import annotations

import torch
from torch import Tensor

from maesum.system.errors import MaesumError


def masked_count(frames: int, ratio: float) -> int:
    """Return the number of masked frames: 3, 9, 15, 21, 27 of 30 for the ratios of the paper's Table 1(c).

    Raises:
        MaesumError: nothing or everything would be masked.
    """
    count = round(frames * ratio)
    if not 0 < count < frames:
        raise MaesumError(f"mask_ratio is {ratio}, wanted one that masks some of {frames} frames and leaves some.")
    return count


def random_mask(noise: Tensor, ratio: float) -> Tensor:
    """Mask the frames with the highest noise, the same number in every clip.

    Args:
        noise: [B, T], any real numbers without an order of their own (`sampling.mask_noise`).

    Returns:
        mask [B, T] bool.
    """
    count = masked_count(noise.shape[1], ratio)
    rank = noise.argsort(dim=1, stable=True).argsort(dim=1, stable=True)  # [B, T], 0 = lowest noise
    return rank >= noise.shape[1] - count


def target_mask(target_position: Tensor, frames: int) -> Tensor:
    """Mask one frame a window (paper, section 3.4): target_position [B] int64 -> mask [B, frames] bool."""
    return torch.arange(frames, device=target_position.device) == target_position[:, None]


def visible_first(mask: Tensor) -> Tensor:
    """Return the positions of the visible frames, then of the masked ones, each in rising order.

    Args:
        mask: [B, T] bool, True = masked.

    Returns:
        [B, T] int64; its argsort restores the order of time.
    """
    return mask.to(torch.uint8).argsort(dim=1, stable=True)

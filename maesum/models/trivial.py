"""Reconstruct masked frames without learning, in two ways that a trained model has to beat.

Arguments and results are those of the model, so both can replace it in training and in scoring.
"""

from __future__ import annotations

import torch
from torch import Tensor


def visible_mean(frames: Tensor, mask: Tensor) -> Tensor:
    """Predict every frame as the mean of the clip's visible frames: frames [B, T, D], mask [B, T] bool -> [B, T, D]."""
    visible = (~mask).to(frames.dtype)[:, :, None]
    mean = (frames * visible).sum(1, keepdim=True) / visible.sum(1, keepdim=True)
    return mean.expand_as(frames)


def interpolation(frames: Tensor, mask: Tensor) -> Tensor:
    """Interpolate masked frames between the nearest visible frames; beyond the outermost ones, repeat the nearest.

    Args:
        frames: [B, T, D].
        mask: [B, T] bool, at least one visible frame in every row.

    Returns:
        [B, T, D], equal to `frames` where visible.
    """
    length = frames.shape[1]
    position = torch.arange(length, device=frames.device).expand_as(mask)  # [B, T]
    before = torch.where(mask, -1, position).cummax(dim=1).values
    after = torch.where(mask, length, position).flip(1).cummin(dim=1).values.flip(1)
    left = torch.where(before < 0, after, before)
    right = torch.where(after >= length, before, after)
    weight = (position - left) / (right - left).clamp_min(1)  # [B, T], 0 at the left neighbour
    return torch.lerp(_at(frames, left), _at(frames, right), weight[:, :, None].to(frames.dtype))


def _at(frames: Tensor, index: Tensor) -> Tensor:
    """Return the frames at an index: frames [B, T, D], index [B, T] -> [B, T, D]."""
    return frames.gather(1, index[:, :, None].expand_as(frames))

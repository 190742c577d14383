"""Scoring by a network that reads a whole video at once."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


class VideoScorer(nn.Module):
    """Gives every kept frame of a video its importance.

    Args:
        network: maps the kept frames of a video [n, D] float32 to their importance [n].
        feature_dim: the width D of the features that it takes; None = any.
        every: keep every k-th frame.
    """

    def __init__(self, network: nn.Module, feature_dim: int | None, every: int = 1) -> None:
        super().__init__()
        self.network, self.feature_dim, self.every = network, feature_dim, every

    @torch.inference_mode()
    def importance(self, features: Tensor) -> np.ndarray:
        """The importance of every k-th frame: [ceil(n / every)] float32.

        Args:
            features: all frames of the video, [n, D] of any float type, on any device.
        """
        self.network.eval()
        device = next(self.network.parameters(), features).device
        return self.network(features[:: self.every].float().to(device)).float().cpu().numpy()


def picks_of(scores: dict[str, np.ndarray], step: int) -> dict[str, np.ndarray] | None:
    """The frame that each score belongs to, where only every `step`-th frame has one."""
    if step == 1:
        return None
    return {video_id: np.arange(len(values), dtype=np.int64) * step for video_id, values in scores.items()}

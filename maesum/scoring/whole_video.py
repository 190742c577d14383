"""Scoring by a network that reads a whole video at once."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from maesum.data.origin import rows_apart


class VideoScorer(nn.Module):
    """Gives every kept frame of a video its importance.

    Args:
        network: maps the kept frames of a video [n, D] float32 to their importance [n].
        feature_dim: the width D of the features that it takes; None = any.
        every: keep every k-th frame of the video, however many of its frames a features file holds.
    """

    def __init__(self, network: nn.Module, feature_dim: int | None, every: int = 1) -> None:
        super().__init__()
        self.network, self.feature_dim, self.every = network, feature_dim, every

    @torch.inference_mode()
    def importance(self, features: Tensor, frame_step: int) -> np.ndarray:
        """The importance of the kept frames: [ceil(rows / rows_apart(every, frame_step))] float32.

        Args:
            features: of the whole video, [rows, D] of any float type, on any device.
            frame_step: 15 where every 15th frame of the video has a row, 1 where every frame has.
        """
        self.network.eval()
        device = next(self.network.parameters(), features).device
        kept = features[:: rows_apart(self.every, frame_step)]
        return self.network(kept.float().to(device)).float().cpu().numpy()

    def picks(self, scores: dict[str, np.ndarray], frame_step: int) -> dict[str, np.ndarray] | None:
        """The frame of the video that each score belongs to; see `picks_of`."""
        return picks_of(scores, rows_apart(self.every, frame_step) * frame_step)


def picks_of(scores: dict[str, np.ndarray], step: int) -> dict[str, np.ndarray] | None:
    """The frame that each score belongs to, where only every `step`-th frame has one."""
    if step == 1:
        return None
    return {video_id: np.arange(len(values), dtype=np.int64) * step for video_id, values in scores.items()}

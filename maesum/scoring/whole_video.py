"""Score frames by a network that reads a whole video at once."""

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
        every: keep every k-th frame of the video, counted in frames of the video and not in rows of a features file.
    """

    def __init__(self, network: nn.Module, feature_dim: int | None, every: int = 1) -> None:
        super().__init__()
        self.network, self.feature_dim, self.every = network, feature_dim, every

    @torch.inference_mode()
    def importance(self, features: Tensor, frame_step: int) -> np.ndarray:
        """Return the importance of the kept frames: [ceil(rows / rows_apart(every, frame_step))] float32.

        Args:
            features: features of the whole video, [rows, D] of any float type, on any device.
            frame_step: video frames from one row to the next: 1 where every frame has a row.
        """
        self.network.eval()
        device = next(self.network.parameters(), features).device
        kept = features[:: rows_apart(self.every, frame_step)]
        return self.network(kept.float().to(device)).float().cpu().numpy()

    def picks(self, scores: dict[str, np.ndarray], frame_step: int) -> dict[str, np.ndarray] | None:
        """Return the video frame of each score; see `picks_of`."""
        return picks_of(scores, rows_apart(self.every, frame_step) * frame_step)


def picks_of(scores: dict[str, np.ndarray], step: int) -> dict[str, np.ndarray] | None:
    """Return the frame number of each score, by video, where every `step`-th frame has one; None where all have."""
    if step == 1:
        return None
    return {video_id: np.arange(len(values), dtype=np.int64) * step for video_id, values in scores.items()}

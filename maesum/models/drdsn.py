"""DR-DSN: a summariser trained by reinforcement with a diversity-representativeness reward (Zhou et al. 2018).

Letters in shapes: n frames of a video, D feature width, M episodes (summaries drawn).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DeepSummarizer(nn.Module):
    """A bidirectional LSTM over a video and one sigmoid a frame: the probability that the frame is selected.

    Args:
        feature_dim: D.
        hidden: units in each direction.
    """

    def __init__(self, feature_dim: int, hidden: int = 256) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.lstm = nn.LSTM(feature_dim, hidden, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * hidden, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the probability of each frame to be selected: features [n, D] float -> [n]."""
        states, _ = self.lstm(features[None])  # [1, n, 2 * hidden]
        return self.head(states)[0, :, 0].sigmoid()


class VideoReward:
    """The reward of summaries of one video; what the summaries share is computed once.

    Args:
        features: [n, D] float.
        temporal_distance: frames further apart than this count as wholly different, however alike they look.
    """

    def __init__(self, features: Tensor, temporal_distance: int = 20) -> None:
        unit = F.normalize(features, dim=1)
        frame = torch.arange(len(features), device=features.device)
        far = (frame[:, None] - frame).abs() > temporal_distance
        self.dissimilarity = torch.where(far, 1.0, 1 - unit @ unit.T)  # [n, n]
        self.distance = torch.cdist(features, features)  # [n, n]

    def __call__(self, selected: Tensor) -> Tensor:
        """Return diversity + representativeness of selected [n] bool: a scalar in [0, 3]; 0 if nothing is selected."""
        if not bool(selected.any()):
            return self.distance.new_zeros(())
        return self.diversity(selected) + self.representativeness(selected)

    def diversity(self, selected: Tensor) -> Tensor:
        """Return the mean dissimilarity of pairs of selected frames; 0 for a single frame."""
        count = int(selected.sum())
        if count < 2:
            return self.dissimilarity.new_zeros(())
        pairs = self.dissimilarity[selected][:, selected]
        return (pairs.sum() - pairs.diagonal().sum()) / (count * (count - 1))

    def representativeness(self, selected: Tensor) -> Tensor:
        """Return exp(- the mean distance of a frame to the nearest selected one)."""
        return (-self.distance[:, selected].min(dim=1).values.mean()).exp()


def policy_loss(probability: Tensor, selected: Tensor, advantage: Tensor) -> Tensor:
    """REINFORCE: the negative log-probability of the drawn summaries, weighted by how much better than usual they are.

    Args:
        probability: [n] of selecting each frame.
        selected: [M, n] bool, the summaries drawn.
        advantage: [M], reward less the baseline, a constant to the gradient.

    Returns:
        A scalar, the mean over episodes and frames.
    """
    drawn = torch.distributions.Bernoulli(probability.clamp(1e-6, 1 - 1e-6))  # log 0 where the sigmoid saturates
    return -(drawn.log_prob(selected.float()).mean(dim=1) * advantage).mean()

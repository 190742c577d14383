"""DR-DSN: a summariser trained by reinforcement with a diversity-representativeness reward.

Zhou, Qiao and Xiang, "Deep Reinforcement Learning for Unsupervised Video Summarization with Diversity-
Representativeness Reward", AAAI 2018. `RELEASED` is what the authors' code computes (github.com/KaiyangZhou/
pytorch-vsumm-reinforce), `PAPER` follows the paper's equations; maesum/methods/dr_dsn.py has the training.

Letters in shapes: n frames of a video, D feature width, M summaries drawn (the paper's episodes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Products of features that are in memory at a time, a few times 32 MB in float64, however long the video is.
_PRODUCTS_AT_ONCE = 2**22


class Formula(NamedTuple):
    """Where the released code and the paper differ.

    Attributes:
        squared: whether representativeness takes squared distances to the nearest selected frame.
        reward_weight: weight of each of the two rewards in their sum.
        sum_episodes: whether the losses of a video's summaries are summed; if not, they are averaged.
        sum_frames: whether the log-probabilities of a summary's frames are summed; if not, they are averaged.
        clip: the largest norm of the gradient; None = no clipping.
        decay_factor: factor of `weight_decay` in the gradient: the paper penalises squares, whose gradient has a 2.
    """

    squared: bool
    reward_weight: float
    sum_episodes: bool
    sum_frames: bool
    clip: float | None
    decay_factor: float


RELEASED = Formula(squared=True, reward_weight=0.5, sum_episodes=True, sum_frames=False, clip=5.0, decay_factor=1.0)
#: Equations 3 to 6 (reward), 10 (gradient) and 11 to 13 (penalties).
PAPER = Formula(squared=False, reward_weight=1.0, sum_episodes=False, sum_frames=True, clip=None, decay_factor=2.0)
FORMULAS = {"released": RELEASED, "paper": PAPER}


class UnitLength(nn.Module):
    """Scales every frame's features to length 1, as the released feature files hold them; zeros stay zeros."""

    def forward(self, features: Tensor) -> Tensor:
        """Scale features: [n, D] -> [n, D]."""
        return F.normalize(features, dim=1)


class DeepSummarizer(nn.Module):
    """A bidirectional LSTM over a video, with a sigmoid per frame: the probability that the frame is selected.

    Args:
        feature_dim: D.
        hidden: LSTM units in each direction.
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


def rewards(features: Tensor, selected: Tensor, temporal_distance: int = 20, formula: Formula = RELEASED) -> Tensor:
    """Compute the rewards of summaries of one video: diversity + representativeness, weighted; 0 for an empty summary.

    Args:
        features: [n, D] float, not scaled here.
        selected: [M, n] bool.
        temporal_distance: frames further apart than this count as wholly different, however alike they look.

    Returns:
        [M] float32, without a graph.
    """
    diversity, representativeness = reward_terms(features, selected, temporal_distance, formula.squared)
    return (formula.reward_weight * (diversity + representativeness)).float()


@torch.no_grad()
def reward_terms(features: Tensor, selected: Tensor, temporal_distance: int, squared: bool) -> tuple[Tensor, Tensor]:
    """Compute both rewards of summaries of one video, in memory that grows with n and not with its square.

    Diversity is the mean dissimilarity, 1 - cosine, of pairs of selected frames, 0 for a single one (equations 3 and
    4); representativeness is exp(- the mean distance of a frame to the nearest selected one) (equation 5).

    In float64, which neither autocast nor TF32 reaches: the distance of near frames is a small difference of large
    numbers. (On Apple's GPUs, which have none, in float32.)

    Args:
        selected: [M, n] bool.
        squared: whether distances are squared.

    Returns:
        Twice [M] float.
    """
    precision = torch.float32 if features.device.type == "mps" else torch.float64
    features, chosen = features.to(precision), selected.to(precision)
    n, lengths = len(features), features.square().sum(dim=1)  # [n], squared
    norms = lengths.sqrt().clamp(min=1e-12)
    count = chosen.sum(dim=1)  # [M]
    alike, distance = torch.zeros_like(count), torch.zeros_like(count)
    frame = torch.arange(n, device=features.device)
    for rows in _blocks(n):
        products = features[rows] @ features.T  # [b, n]
        near = slice(max(0, rows.start - temporal_distance), min(n, rows.stop + temporal_distance))
        apart = (frame[rows, None] - frame[near]).abs()
        cosine = products[:, near] / norms[rows, None] / norms[near]
        cosine.masked_fill_((apart > temporal_distance) | (apart == 0), 0)
        alike += ((chosen[:, rows] @ cosine) * chosen[:, near]).sum(dim=1)
        to_each = (lengths[rows, None] + lengths - 2 * products).clamp_(min=0)  # squared distances
        for number, summary in enumerate(selected):
            if bool(summary.any()):
                nearest = to_each[:, summary].min(dim=1).values.masked_fill(summary[rows], 0)
                distance[number] += (nearest if squared else nearest.sqrt()).sum()
    diversity = torch.where(count > 1, 1 - alike / (count * (count - 1)).clamp(min=1), 0)
    return diversity, torch.where(count > 0, (-distance / n).exp(), 0)


def policy_loss(probability: Tensor, selected: Tensor, advantage: Tensor, formula: Formula = RELEASED) -> Tensor:
    """Compute the REINFORCE loss: the negative log-probability of the drawn summaries, weighted by their advantage.

    Args:
        probability: [n], the probability of selecting each frame.
        selected: [M, n] bool, the summaries drawn.
        advantage: [M], the reward minus the baseline; no gradient flows through it.

    Returns:
        A scalar.
    """
    drawn = torch.distributions.Bernoulli(probability, validate_args=False)  # finite where the sigmoid saturates
    of_frames = drawn.log_prob(selected.to(probability.dtype))  # [M, n]
    of_summaries = (of_frames.sum(dim=1) if formula.sum_frames else of_frames.mean(dim=1)) * advantage
    return -(of_summaries.sum() if formula.sum_episodes else of_summaries.mean())


def _blocks(n: int) -> Iterator[slice]:
    """Yield rows of an n x n matrix, as many at a time as `_PRODUCTS_AT_ONCE` allows."""
    size = max(1, _PRODUCTS_AT_ONCE // n)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))

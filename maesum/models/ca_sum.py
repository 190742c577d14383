"""CA-SUM: importance from attention within blocks of a video, aware of how unique and how diverse its frames are.

Apostolidis, Balaouras, Mezaris and Patras, "Summarizing Videos using Concentrated Attention and Considering the
Uniqueness and Diversity of the Video Frames", ICMR 2022.

A frame attends to the whole video; of that, only the attention to its own block of 60 frames carries features. The
entropy of its attention says how unique it is, and its attention to frames outside the block, weighed by how unlike it
they are, how diverse. The only loss pulls the mean importance of a video to a length factor sigma.

Published (F1 as later work quotes it, not checked against the papers themselves)
- F1 51.1 on SumMe and 61.4 on TVSum: five random splits, 80 % for training. Not a row of Table 3.

Where the paper is silent, and what the released code does (e-apostolidis/CA-SUM)
- Attention is one head, not scaled, and without biases. Entropies are divided by log n and then by their sum over the
  video. Entropy and diversity are joined to the attended features, but send no gradient back through that joint; the
  diversity is also added to the attention to all frames of the same block.
- Xavier uniform weights with gain sqrt(2), and .1 for every bias, those of layer norms among them.
- Adam at 5e-4, L2 of 1e-5; gradients of all training videos (20 of SumMe, 40 of TVSum) are added up and clipped to a
  norm of 5 for one update an epoch; 400 epochs.
- sigma is .6 by default. Published results choose it for each split from .5, .6 and so on to .9, without annotations:
  of each the epoch of least training loss from the 20th on, then the one whose mean importance on the test videos has
  moved furthest from an untrained network's, relative to the way to sigma; more than 1.5 times that way does not count.

Differences that remain
- Attention is computed for some blocks of rows at a time, which is exact, and what a gradient needs is computed again:
  memory is linear in n.
- Where no frame lies outside the block (videos of up to 60 frames), or all that do are the same, the diversity is 0;
  the code divides 0 by 0 there. Dissimilarities below 0 by rounding count as 0.
- Dropout draws from a generator that is handed in.

Letters in shapes: n frames of a video, D feature width, R rows of attention at a time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

_NUMBERS_AT_A_TIME = (
    10_000_000  # of an R x n matrix: 40 MB, which glibc hands back to the system as soon as it is freed
)


class ConcentratedAttention(nn.Module):
    """Self-attention whose values come from a frame's own block, beside the uniqueness and diversity of the frame.

    Args:
        width: D.
        block_size: frames of a block; the last may be shorter.
    """

    def __init__(self, width: int, block_size: int = 60) -> None:
        super().__init__()
        self.block_size = block_size
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width + 2, width, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """features [n, D] -> [n, D]."""
        frames = len(features)
        query, key, value = self.query(features), self.key(features), self.value(features)
        unit = F.normalize(features, dim=1)
        blocks = max(1, _NUMBERS_AT_A_TIME // (self.block_size * frames))
        rows = self.block_size * blocks
        parts = []
        for start in range(0, frames, rows):
            if rows < frames and torch.is_grad_enabled():
                part = checkpoint(
                    self._rows, start, rows, query, key, value, unit, use_reentrant=False, preserve_rng_state=False
                )
            else:
                part = self._rows(start, rows, query, key, value, unit)
            parts.append(part)
        attended, entropy, diversity = (torch.cat(part) for part in zip(*parts, strict=True))
        uniqueness = F.normalize(entropy, p=1, dim=0)
        characteristics = torch.stack([uniqueness, diversity], dim=1).detach()
        return self.out(torch.cat([attended, characteristics], dim=1))

    def _rows(
        self, start: int, rows: int, query: Tensor, key: Tensor, value: Tensor, unit: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Attend from the frames of some whole blocks to all frames.

        Args:
            start: the first frame, the first of a block.
            rows: R, how many frames; fewer at the end.
            query, key, value: [n, D].
            unit: features of norm 1, [n, D].

        Returns:
            attended features [R, D]; entropy [R] of the attention over log n; diversity [R].
        """
        frames = len(key)
        here = slice(start, min(start + rows, frames))
        log_attention = (query[here] @ key.T).log_softmax(dim=1)  # [R, n]
        attention = log_attention.exp()
        entropy = -(attention * log_attention).sum(1).detach() / math.log(max(frames, 2))
        block = torch.arange(frames, device=key.device) // self.block_size
        outside = block[here, None] != block  # [R, n]
        dissimilarity = (1 - unit[here] @ unit.T).clamp_min(0) * outside
        total = dissimilarity.sum(1)
        diversity = (attention * dissimilarity).sum(1) / torch.where(total > 0, total, 1.0)
        concentrated = (attention[:, here] + diversity) * ~outside[:, here]  # [R, R]
        return concentrated @ value[here], entropy, diversity


class CaSum(nn.Module):
    """Concentrated attention on the stream of features, and a two-layer network that gives the importance.

    Args:
        feature_dim: D.
        block_size: frames of a block of attention.
        dropout: share of numbers that are dropped in training, after attention and after the first layer.
    """

    def __init__(self, feature_dim: int, block_size: int = 60, dropout: float = 0.5) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.dropout = dropout
        self.attention = ConcentratedAttention(feature_dim, block_size)
        self.norm_attended = nn.LayerNorm(feature_dim, eps=1e-6)
        self.hidden = nn.Linear(feature_dim, feature_dim)
        self.norm_hidden = nn.LayerNorm(feature_dim, eps=1e-6)
        self.head = nn.Linear(feature_dim, 1)
        self.initialise()

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Say how important each frame is.

        Args:
            features: [n, D] float.
            generator: draws what is dropped, on its own device; nothing is dropped without one.

        Returns:
            importance [n] in (0, 1).
        """
        x = features + self.attention(features)
        x = self.norm_attended(_drop(x, self.dropout, generator))
        x = self.norm_hidden(_drop(self.hidden(x).relu(), self.dropout, generator))
        return self.head(x)[:, 0].sigmoid()

    def initialise(self) -> None:
        """Draw weights as the released code does."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=math.sqrt(2))
            if isinstance(module, (nn.Linear, nn.LayerNorm)) and module.bias is not None:
                nn.init.constant_(module.bias, 0.1)


def length_loss(importance: Tensor, sigma: float) -> Tensor:
    """|mean importance - sigma|: how far a summary [n] is from the wanted length."""
    return (importance.mean() - sigma).abs()


def _drop(x: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Zero a share of numbers at random and scale the others, so that the mean stays."""
    if generator is None or share == 0:
        return x
    kept = torch.rand(x.shape, generator=generator, device=generator.device).to(x.device) >= share
    return x * kept / (1 - share)

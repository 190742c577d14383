"""RS-SUM: importance by how well masked frames are restored while a frame is visible.

Abbasi and Saeedi, "Adopting Self-Supervised Learning into Unsupervised Video Summarization through Restorative Score",
ICIP 2023. The nearest relative of this project's own method, which masks the frame that it scores: RS-SUM masks others
and scores those that it sees. A frame's own error never counts for it, so what is hard to restore scores high.

A linear map to width W, one reversible layer (y1 = x + attention(LN x), y2 = x + mlp(LN y1), then their mean) and a
linear map back restore the features of masked frames. The loss is the mean absolute error plus 1 - cosine.

What the released code does (mehryar72/RS-SUM)
- The layer is reformer-pytorch's with full attention: queries and keys are one projection without bias, keys have norm
  1, scores are scaled by d^-.5 and a frame's attention to itself is -5e4.
- No positions are added by default. Masked frames of a sequence then look alike and are all restored as the same
  vector: what the visible frames have in common.

Not confirmed against the code or the paper, whose figures therefore do not stand here
- Masked frames are set to 0 exactly. A frame that replaces another is any frame of the same sequence.
- Windows of 8 frames start at multiples of 8, and their masked share is rounded to whole windows.
- In scoring, a video is cut into sequences as in training; the last sequence of a video is shorter, in both.
- The importance is sigmoid(-mean error); the order of frames would be the same without the sigmoid.

Letters in shapes: n frames of a sequence, B sequences, D feature width, W width, d = W / heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_SELF_ATTENTION = -5e4
_SEQUENCES_AT_A_TIME = 32


class SharedAttention(nn.Module):
    """Multi-head self-attention whose queries, scaled to norm 1, are its keys; a frame all but ignores itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, n, W] -> [B, n, W]."""
        query, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (self.query(x), self.value(x))
        )  # [B, heads, n, d]
        itself = torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
        key = F.normalize(query, dim=-1)
        scores = (query @ key.transpose(2, 3)) * query.shape[-1] ** -0.5
        scores = scores.masked_fill(itself, _SELF_ATTENTION)
        return self.out((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))


class Restorer(nn.Module):
    """Restores the features of masked frames.

    Args:
        feature_dim: D.
        width: W.
        heads: of attention; W is a multiple of it.
    """

    def __init__(self, feature_dim: int, width: int = 512, heads: int = 8) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.into = nn.Linear(feature_dim, width)
        self.norm_attention, self.norm_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = SharedAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.back = nn.Linear(width, feature_dim)

    def forward(self, frames: Tensor) -> Tensor:
        """[B, n, D] with masked frames changed -> restored [B, n, D]."""
        x = self.into(frames)
        first = x + self.attention(self.norm_attention(x))
        second = x + self.mlp(self.norm_mlp(first))
        return self.back((first + second) / 2)


def restoration_errors(restored: Tensor, frames: Tensor) -> Tensor:
    """The mean absolute error plus 1 - cosine of each frame: [..., D], [..., D] -> [...]."""
    return (restored - frames).abs().mean(-1) + 1 - F.cosine_similarity(restored, frames, dim=-1)


def window_mask(noise: Tensor, share: float, window: int) -> Tensor:
    """Mask whole windows of a sequence, those with the least noise.

    Args:
        noise: [windows of the sequence] float, ceil(n / window) of them.
        share: of the windows, rounded; at least one is masked.
        window: frames of a window.

    Returns:
        [windows * window] bool; a sequence takes its first n.
    """
    masked = torch.zeros(len(noise), dtype=torch.bool, device=noise.device)
    masked[noise.argsort()[: max(1, round(share * len(noise)))]] = True
    return masked.repeat_interleave(window)


def corrupt(frames: Tensor, masked: Tensor, noise: Tensor, others: Tensor) -> Tensor:
    """Zero four in five of the masked frames, replace one in ten by another frame, and leave one in ten.

    Args:
        frames: [n, D].
        masked: [n] bool.
        noise: [n] in [0, 1), which says what happens to a masked frame.
        others: [n] in [0, 1), which says by what frame it is replaced.

    Returns:
        [n, D].
    """
    replaced = frames[(others * len(frames)).long().clamp_max(len(frames) - 1)]
    changed = torch.where((noise < 0.8)[:, None], torch.zeros_like(frames), replaced)
    return torch.where((masked & (noise < 0.9))[:, None], changed, frames)


@torch.no_grad()
def importance(
    network: Restorer, frames: Tensor, length: int, passes: int = 100, share: float = 0.15, seed: int = 0
) -> Tensor:
    """Say how important each frame of a video is: sigmoid(-the mean error of others while it is visible).

    In each pass the frames of a sequence are dealt into groups at random, and each group is masked in turn.

    Args:
        network: what restores frames.
        frames: [n, D] of a whole video.
        length: frames of a sequence.
        passes: how often frames are dealt anew.
        share: of a sequence's frames that make a group.
        seed: of the groups.

    Returns:
        [n] in (0, .5]; .5 in a sequence of one frame, which is never visible.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.cat([_sequence(network, part, passes, share, generator) for part in frames.split(length)])


def _sequence(network: Restorer, frames: Tensor, passes: int, share: float, generator: torch.Generator) -> Tensor:
    """The importance of the frames of one sequence: [n, D] -> [n]."""
    count = len(frames)
    size = max(1, int(share * count))
    masks = []
    for _ in range(passes):
        for group in torch.randperm(count, generator=generator).split(size):
            masks.append(torch.zeros(count, dtype=torch.bool).index_fill(0, group, True))
    total, visible = frames.new_zeros(count), frames.new_zeros(count)
    for masked in torch.stack(masks).to(frames.device).split(_SEQUENCES_AT_A_TIME):  # [B, n]
        restored = network(frames.masked_fill(masked[:, :, None], 0.0))
        errors = restoration_errors(restored, frames[None]) * masked
        error = errors.sum(1) / masked.sum(1)  # [B], of a group
        total += (~masked * error[:, None]).sum(0)
        visible += (~masked).sum(0)
    return (-total / visible.clamp_min(1)).sigmoid()

"""CTVSUM without training: a frame is important where it differs from the frames most like it and yet fits the video.

Pang, Nakashima, Otani and Nagahara, "Contrastive Losses Are Natural Criteria for Unsupervised Video Summarization",
WACV 2023: the part that needs nothing but features. (The paper then learns a projection of features, and a filter of
frames that any video may have; neither is here.)

Two losses of contrastive learning, taken frame by frame on features of norm 1, so that squared distances are 2 - 2 cos:
- local dissimilarity: the mean squared distance to the nearest frames of the video, a tenth of them;
- global consistency: log of the mean over the video of exp(-2 squared distance).
Each is scaled to [0, 1] within the video, and their product is the importance.

Published
- Its tables give F1, tau and rho of this part on SumMe and TVSum with GoogLeNet features, each annotator apart, at
  every 15th frame; without training it needs no splits, and all videos of a benchmark are scored. Not a row of Table 3.

Where the paper is silent, and what the released code does (pangzss/pytorch-CTVSUM)
- A frame counts among its own nearest frames, and in its own mean.
- The number of nearest frames is rounded down.
- Of the product s, TVSum gets exp(s - 1) and SumMe s + .05, then both are smoothed by a Gaussian of one frame.

Differences that remain
- Similarities are computed for some rows at a time, which is exact: memory is linear in n.
- At least two nearest frames are taken, the frame itself and another; below 20 frames the code has none or only itself.
- Where a criterion is the same for all frames it counts as 0; the code divides 0 by 0.

Letters in shapes: n frames of a video, D feature width.
"""

from __future__ import annotations

import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor
from torch.nn import functional as F

_NUMBERS_AT_A_TIME = 10_000_000  # of a matrix of similarities: 40 MB


def criteria(features: Tensor, neighbours: float = 0.1) -> tuple[Tensor, Tensor]:
    """Compute local dissimilarity and global consistency of each frame, neither scaled.

    Args:
        features: [n, D] float.
        neighbours: the share of a video's frames that are a frame's nearest.

    Returns:
        [n] and [n].
    """
    unit = F.normalize(features, dim=1)
    count = min(len(unit), max(2, int(len(unit) * neighbours)))
    local, consistent = [], []
    for rows in unit.split(max(1, _NUMBERS_AT_A_TIME // len(unit))):
        distance = 2 - 2 * rows @ unit.T  # squared, [rows, n]
        local.append(distance.topk(count, largest=False, sorted=False).values.mean(1))
        consistent.append((-2 * distance).exp().mean(1).log())
    return torch.cat(local), torch.cat(consistent)


def importance(
    features: Tensor,
    neighbours: float = 0.1,
    consistency: bool = True,
    exponential: bool = True,
    smoothing: float = 1.0,
) -> Tensor:
    """Say how important each frame of a video is.

    Args:
        features: [n, D] float, n at least 1.
        neighbours: the share of a video's frames that are a frame's nearest.
        consistency: whether global consistency counts beside local dissimilarity.
        exponential: exp(s - 1), as the released code has it for TVSum, instead of s + .05, as it has it for SumMe.
        smoothing: standard deviation of a Gaussian over time, in frames; 0 for none.

    Returns:
        [n], above 0.
    """
    local, consistent = (_scale(criterion) for criterion in criteria(features, neighbours))
    score = local * consistent if consistency else local
    score = (score - 1).exp() if exponential else score + 0.05
    if smoothing == 0:
        return score
    return torch.from_numpy(gaussian_filter1d(score.cpu().numpy(), smoothing)).to(score)


def _scale(x: Tensor) -> Tensor:
    """x [n] -> the same from 0 to 1; zeros where all are the same up to rounding."""
    low, high = x.min(), x.max()
    if high - low <= 10 * torch.finfo(x.dtype).eps * x.abs().max().clamp_min(1):
        return torch.zeros_like(x)
    return (x - low) / (high - low)

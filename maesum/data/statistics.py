"""Compute statistics of the channels of a feature set."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from maesum.data.store import FeatureStore


def feature_statistics(store: FeatureStore, rows_at_once: int = 65_536) -> tuple[Tensor, Tensor]:
    """Compute mean and scale of every channel over all frames: two float32 tensors [D].

    The scale is the standard deviation, but at least the median of all channels' deviations: otherwise a channel that
    is nearly always zero would be scaled up until its rare values made most of the error.
    """
    count = int(store.offsets[-1])
    total = torch.zeros(store.dim, dtype=torch.float64)
    squares = torch.zeros(store.dim, dtype=torch.float64)
    shift = store.gather(np.zeros(1, dtype=np.int64))[0].double()  # near the mean, so that squares do not cancel
    for start in range(0, count, rows_at_once):
        rows = store.gather(np.arange(start, min(start + rows_at_once, count))).double() - shift
        total += rows.sum(0)
        squares += rows.square().sum(0)
    mean = total / count
    variance = (squares / count - mean.square()).clamp_min(0)
    deviation = variance.sqrt()
    return (mean + shift).float(), deviation.clamp_min(deviation.median()).float()

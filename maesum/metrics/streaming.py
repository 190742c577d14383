"""Compute tau and rho as a torchmetrics.Metric, for validation loops, synchronised under DDP.

This is the only module of `maesum.metrics` that imports torch; `maesum.metrics` does not import it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from maesum.metrics.averages import Undefined, mean
from maesum.metrics.protocols import comparison_for, protocol_correlation
from maesum.system.errors import MaesumError


class VideoRankCorrelation(Metric):
    """Averages tau and rho over videos under a named protocol.

    Each update adds one video, computed exactly on the CPU by `maesum.metrics.protocol_correlation`. The state is a
    table of all videos. So ranks may see different numbers of videos, or none, and a video that a distributed sampler
    repeats still counts once. The state is float32 (seven digits), since Apple's devices have no float64.

    Args:
        n_videos: number of videos of the set.
        protocol: a key of `maesum.metrics.PROTOCOLS`.
        kind: "ratings", "selections" or "events".
        undefined: how the means treat undefined values, see `maesum.metrics.mean`.

    Raises:
        MaesumError: the protocol is not defined for the kind.

    >>> metric = VideoRankCorrelation(n_videos=1)
    >>> metric.update(0, torch.tensor([0.1, 0.4, 0.3, 0.9]), torch.tensor([[1, 2, 2, 3]]))
    >>> round(float(metric.compute()["tau"]), 4)
    0.9129
    """

    full_state_update = False
    higher_is_better = True
    is_differentiable = False
    sums: Tensor  # [n_videos, 2] tau and rho, summed over the times that a video was seen
    times: Tensor  # [n_videos] how often

    def __init__(
        self,
        n_videos: int,
        protocol: str = "paper",
        kind: str = "ratings",
        undefined: Undefined = "propagate",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        comparison_for(protocol, kind)  # an unknown name or policy fails here, not after an epoch
        mean([], undefined)
        self.protocol, self.kind, self.undefined = protocol, kind, undefined
        self.add_state("sums", torch.zeros(n_videos, 2), dist_reduce_fx="sum")
        self.add_state("times", torch.zeros(n_videos), dist_reduce_fx="sum")

    def update(
        self, video: int, importance: Tensor, user_scores: Tensor | np.ndarray, shots: np.ndarray | None = None
    ) -> None:
        """Add one video.

        Args:
            video: the video's number in the set, 0..n_videos - 1.
            importance: [n_frames].
            user_scores: [users, n_frames], raw.
            shots: [shots, 2], for protocols that make a summary.

        Raises:
            MaesumError: the number is outside the set, or the shapes do not fit.
        """
        if not 0 <= video < len(self.times):
            raise MaesumError(f"video is {video}, wanted 0 to {len(self.times) - 1}.")
        prediction = importance.detach().float().cpu().numpy()  # numpy has no bfloat16
        annotators = torch.as_tensor(user_scores).cpu().numpy()
        tau, rho = protocol_correlation(self.protocol, self.kind, prediction, annotators, shots)
        self.sums[video] += self.sums.new_tensor([mean(tau, self.undefined), mean(rho, self.undefined)])
        self.times[video] += 1

    def compute(self) -> dict[str, Tensor]:
        """Return tau and rho: the means over the videos of all ranks; nan before the first update."""
        is_seen = self.times > 0
        each = (self.sums[is_seen] / self.times[is_seen, None]).cpu().numpy()
        return {name: torch.tensor(mean(each[:, column], self.undefined)) for column, name in enumerate(("tau", "rho"))}

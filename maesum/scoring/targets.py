"""Reconstruct the targets of scoring windows and compare them with the originals, a batch at a time.

Letters in shapes: n frames of a part of a video, B windows of a batch, T frames of a window, D feature width, E encoder
stream width.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from maesum.models import MaskedAutoencoder, target_mask
from maesum.system.transfer import index_on

#: Anything that maps (frames [B, T, D], mask [B, T]) to a reconstruction [B, T, D].
Reconstructor = Callable[[Tensor, Tensor], Tensor]


class PartScorer(ABC):
    """Compares targets with their reconstructions, for windows into one part of a video at a time.

    The part is copied to the device, and windows are gathered there.

    Args:
        standardize: maps frames [B, D] into the space in which target and reconstruction are compared.
    """

    def __init__(self, device: torch.device, standardize: Callable[[Tensor], Tensor]) -> None:
        self.device, self.standardize = device, standardize

    def take(self, part: Tensor) -> None:
        """Copy the part that the next windows lie in, [n, D] of any float type, to the device."""
        self.frames = part.to(self.device).float()

    def similarity(self, frame_index: np.ndarray, target_position: np.ndarray) -> Tensor:
        """Return the cosine between each target and its reconstruction, in float32 whatever the network's precision.

        The cosine with a vector of zeros is undefined, and the value chosen for it decides a frame's rank:

        - a target of zeros (a black frame behind a ReLU) has similarity 1 and so importance 0: it has no direction that
          could be reconstructed wrongly, and a frame that shows nothing is worth nothing in a summary. Taking 0, as
          `cosine_similarity` does, would give it importance 1, more than nearly every real frame.
        - a reconstruction of zeros, of a target that is not zero, has similarity 0 and so importance 1: it predicts
          nothing of the target's direction, as if it were orthogonal.
        - a similarity that is not finite is returned as such, and `importance` refuses it.

        Args:
            frame_index: [B, T] int64, numbers of frames within the part.
            target_position: [B] int64, position of each target in its window.

        Returns:
            [B] float32, on the device.
        """
        predicted = self.reconstruct(frame_index, target_position).float()
        target = frame_index[np.arange(len(frame_index)), target_position]
        original = self.frames[index_on(self.device, target)]
        original = self.standardize(original)
        similarity = F.cosine_similarity(self.standardize(predicted), original, dim=1)
        is_nothing = torch.linalg.vector_norm(original, dim=1) == 0
        return similarity.masked_fill(is_nothing & similarity.isfinite(), 1.0)

    @abstractmethod
    def reconstruct(self, frame_index: np.ndarray, target_position: np.ndarray) -> Tensor:
        """Reconstruct the targets from the other frames of their windows: [B, D]."""


class ModelScorer(PartScorer):
    """Reconstructs by a `MaskedAutoencoder`, computing only what the targets need.

    Whatever does not depend on a frame's position in its window is computed once per frame. The decoder's last block
    and the projection after it are computed for the target alone.
    """

    def __init__(self, model: MaskedAutoencoder, device: torch.device, precision: str) -> None:
        super().__init__(device, model.standardize)
        self.model = model
        self.network = _in_bfloat16(model) if precision == "bf16" else model

    def take(self, part: Tensor) -> None:
        super().take(part)
        self.tokens = self.model.tokens(self.frames).to(self.network.mask_token.dtype)  # [n, E]

    def reconstruct(self, frame_index: np.ndarray, target_position: np.ndarray) -> Tensor:
        batch, length = frame_index.shape
        place = np.broadcast_to(np.arange(length), (batch, length))
        visible = place != target_position[:, None]  # [B, T], T - 1 of each row
        positions = np.concatenate([place[visible].reshape(batch, -1), target_position[:, None]], axis=1)
        tokens = self.tokens[index_on(self.device, frame_index[visible].reshape(batch, -1))]  # [B, T - 1, E]
        return self.network.reconstruct(tokens, index_on(self.device, positions))[:, 0]


class WindowScorer(PartScorer):
    """Reconstructs by any other `Reconstructor`, which is given whole windows."""

    def __init__(self, model: Reconstructor, device: torch.device) -> None:
        super().__init__(device, getattr(model, "standardize", lambda frames: frames))
        self.model = model

    def reconstruct(self, frame_index: np.ndarray, target_position: np.ndarray) -> Tensor:
        frames = self.frames[index_on(self.device, frame_index)]  # [B, T, D]
        at_target = index_on(self.device, target_position)
        reconstruction = self.model(frames, target_mask(at_target, frames.shape[1]))  # [B, T, D]
        return reconstruction[torch.arange(len(frames), device=self.device), at_target]


def part_scorer(model: Reconstructor, device: torch.device, precision: str) -> PartScorer:
    """Return the scorer for a model.

    Args:
        precision: "32", or "bf16" for the encoder and decoder of a `MaskedAutoencoder`.
    """
    if isinstance(model, MaskedAutoencoder):
        return ModelScorer(model, device, precision)
    return WindowScorer(model, device)


def device_of(model: Reconstructor) -> torch.device:
    """Return the device of a model's weights; the CPU for a model without weights."""
    parameter = next(model.parameters(), None) if isinstance(model, torch.nn.Module) else None
    return torch.device("cpu") if parameter is None else parameter.device


def _in_bfloat16(model: MaskedAutoencoder) -> MaskedAutoencoder:
    """Return a copy with weights rounded once rather than in every batch; the feature statistics stay exact."""
    rounded = copy.deepcopy(model).to(torch.bfloat16)
    rounded.feature_mean, rounded.feature_scale = model.feature_mean, model.feature_scale
    return rounded

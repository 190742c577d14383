"""Targets of scoring windows, reconstructed and compared with what they are, a batch at a time.

Letters in shapes: n frames of a part of a video, B windows of a batch, T frames of a window, D feature width, E encoder
stream width.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from maesum.models import MaskedAutoencoder, target_mask

#: Anything that maps (frames [B, T, D], mask [B, T]) to a reconstruction [B, T, D].
Reconstructor = Callable[[Tensor, Tensor], Tensor]


class PartScorer:
    """Compares targets with their reconstructions, for windows into one part of a video at a time.

    The part lies on the device and windows are gathered there. Of a `MaskedAutoencoder` only what the targets need is
    computed: what does not depend on a frame's place in its window once a frame, and of the decoder's last block and
    the projection behind it the target alone.

    Args:
        precision: "32", or "bf16" for encoder and decoder; the cosine is taken in float32 in any case.
    """

    def __init__(self, model: Reconstructor, device: torch.device, precision: str = "32") -> None:
        self.model, self.device = model, device
        self.network = _in_bfloat16(model) if precision == "bf16" and isinstance(model, MaskedAutoencoder) else model

    def take(self, part: Tensor) -> None:
        """Bring the part that the next windows lie in to the device: [n, D], any float type."""
        self.frames = part.to(self.device).float()
        if isinstance(self.model, MaskedAutoencoder):
            self.tokens = self.model.tokens(self.frames).to(self.network.mask_token.dtype)  # type: ignore[union-attr]

    def similarity(self, frame_index: np.ndarray, target_position: np.ndarray) -> Tensor:
        """The cosine between each target and its reconstruction.

        Args:
            frame_index: [B, T] int64, frames of the part.
            target_position: [B] int64, where in its window each target stands.

        Returns:
            [B] float32, on the device.
        """
        reconstruct = self._by_model if isinstance(self.model, MaskedAutoencoder) else self._by_any
        predicted = reconstruct(frame_index, target_position).float()
        original = self.frames[self._to_device(frame_index[np.arange(len(frame_index)), target_position])]
        standardize = getattr(self.model, "standardize", lambda frames: frames)
        return F.cosine_similarity(standardize(predicted), standardize(original), dim=1)

    def _by_model(self, frame_index: np.ndarray, target_position: np.ndarray) -> Tensor:
        batch, length = frame_index.shape
        place = np.broadcast_to(np.arange(length), (batch, length))
        visible = place != target_position[:, None]  # [B, T], T - 1 of each row
        positions = np.concatenate([place[visible].reshape(batch, -1), target_position[:, None]], axis=1)
        tokens = self.tokens[self._to_device(frame_index[visible].reshape(batch, -1))]  # [B, T - 1, E]
        return self.network.reconstruct(tokens, self._to_device(positions))[:, 0]  # type: ignore[union-attr]

    def _by_any(self, frame_index: np.ndarray, target_position: np.ndarray) -> Tensor:
        frames, at_target = self.frames[self._to_device(frame_index)], self._to_device(target_position)
        reconstruction = self.model(frames, target_mask(at_target, frames.shape[1]))  # [B, T, D]
        return reconstruction[torch.arange(len(frames), device=self.device), at_target]

    def _to_device(self, index: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(index)
        if self.device.type == "cuda":  # from pinned memory the copy is queued, and the host goes on
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)


def device_of(model: Reconstructor) -> torch.device:
    """Where a model's weights are; the CPU for what has none."""
    if isinstance(model, torch.nn.Module):
        parameter = next(model.parameters(), None)
        if parameter is not None:
            return parameter.device
    return torch.device("cpu")


def _in_bfloat16(model: MaskedAutoencoder) -> MaskedAutoencoder:
    """A copy whose weights are rounded once, not in every batch; its statistics stay exact."""
    rounded = copy.deepcopy(model).to(torch.bfloat16)
    rounded.feature_mean, rounded.feature_scale = model.feature_mean, model.feature_scale
    return rounded

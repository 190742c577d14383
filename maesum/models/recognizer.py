"""Recognise actions by one linear layer on the mean-pooled encoder output (paper, A1).

Letters in shapes: B clips, T frames, D feature width, E encoder stream width, A actions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from maesum.models.autoencoder import MaskedAutoencoder

_DECODER = ("bridge", "decoder", "decoder_norm", "head", "mask_token")


class Recognizer(nn.Module):
    """Classifies clips by the encoder of a `MaskedAutoencoder` on all frames, and a linear layer.

    Args:
        autoencoder: the pretrained model, of which only the encoder is used.
        actions: A, the number of classes.
        freeze: train the linear layer only (a probe); the paper trains all parameters.
    """

    def __init__(self, autoencoder: MaskedAutoencoder, actions: int, freeze: bool = False) -> None:
        super().__init__()
        for name in _DECODER:
            delattr(autoencoder, name)
        self.encoder = autoencoder.requires_grad_(not freeze)
        self.freeze = freeze
        self.classifier = nn.Linear(autoencoder.encoder_positions.shape[1], actions)
        nn.init.trunc_normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """Classify clips: frames [B, T, D] float -> logits [B, A]."""
        positions = torch.arange(frames.shape[1], device=frames.device).expand(frames.shape[:2])
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze):
            latent = self.encoder.encode(self.encoder.tokens(frames), positions)  # [B, T, E]
        return self.classifier(latent.mean(dim=1))

"""The masked autoencoder and its masks: plain PyTorch, no data and no Lightning."""

from maesum.models.autoencoder import MaskedAutoencoder
from maesum.models.masking import random_mask, target_mask

__all__ = ["MaskedAutoencoder", "random_mask", "target_mask"]

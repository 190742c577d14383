"""Define networks, masks and losses in plain PyTorch, without data and without Lightning."""

from maesum.models.autoencoder import MaskedAutoencoder
from maesum.models.masking import random_mask, target_mask

__all__ = ["MaskedAutoencoder", "random_mask", "target_mask"]

"""Compute the losses of pretraining, by the name that `loss=` takes.

Both arguments are [B, M, D] float32, the masked frames of every clip in the space in which errors are measured
(`MaskedAutoencoder.standardize`): first the reconstruction, then the original. The result is one number.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F


def squared_error(reconstruction: Tensor, original: Tensor) -> Tensor:
    """Compute the mean squared error over frames and channels (paper, section 3.3)."""
    return (reconstruction - original).square().mean()


def cosine_distance(reconstruction: Tensor, original: Tensor) -> Tensor:
    """Compute the mean over frames of 1 - cosine, the same measure as in scoring.

    A frame of zeros has no direction: its distance is 1, without a gradient.
    """
    return 1 - F.cosine_similarity(reconstruction, original, dim=-1).mean()


#: Each loss by its name, one of `maesum.config.optimisation.LOSSES`.
BY_NAME: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": squared_error, "cosine": cosine_distance}

"""The losses of SUM-GAN and its relatives as pure functions: scalars in, scalars out. See maesum/models/sum_gan.py.

A `logit` is what the discriminator says before its sigmoid; p is its sigmoid, the probability that a sequence is an
original video. Working on logits keeps log p finite where p rounds to 0 or 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def reconstruction(original: Tensor, summary: Tensor) -> Tensor:
    """The distance of the discriminator's last hidden states [H] of the original video and of the reconstruction.

    The Euclidean norm, as the released codes have it; the papers print its square.
    """
    return torch.linalg.vector_norm(original - summary)


def prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)), summed over all of [layers, H]."""
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum()


def sparsity(importance: Tensor, sigma: float) -> Tensor:
    """|mean importance - sigma|: how far a summary [n] is from the wanted length. The papers print its square."""
    return (importance.mean() - sigma).abs()


def looks_original(logit: Tensor) -> Tensor:
    """(1 - p)^2: small where the discriminator takes the sequence for an original (label 1; SUM-GAN-sl)."""
    return (1 - logit.sigmoid()).square()


def looks_made(logit: Tensor) -> Tensor:
    """p^2: small where the discriminator takes the sequence for a summary (label 0; SUM-GAN-sl)."""
    return logit.sigmoid().square()


def log_original(logit: Tensor) -> Tensor:
    """log p, what the discriminator of SUM-GAN maximises on originals."""
    return logsigmoid(logit)


def log_made(logit: Tensor) -> Tensor:
    """log(1 - p), what the discriminator of SUM-GAN maximises on summaries, learned or random."""
    return logsigmoid(-logit)

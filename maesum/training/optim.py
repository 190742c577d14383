"""Build AdamW and its schedule as in the paper's appendix A1."""

from __future__ import annotations

import math

import torch
from torch import nn

from maesum.config.optimisation import OptimSettings
from maesum.system.errors import MaesumError


def adamw(model: nn.Module, settings: OptimSettings, batch_size: int) -> torch.optim.AdamW:
    """Build AdamW with weight decay on matrices only, fused where the device supports that."""
    decayed = [p for n, p in model.named_parameters() if p.requires_grad and _decays(n, p)]
    free = [p for n, p in model.named_parameters() if p.requires_grad and not _decays(n, p)]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": free, "weight_decay": 0.0}]
    devices = {p.device.type for p in model.parameters()}
    return torch.optim.AdamW(
        groups,
        lr=settings.learning_rate(batch_size),
        betas=(settings.betas[0], settings.betas[1]),
        fused=devices <= {"cpu", "cuda"} or None,
    )


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return parameter.dim() >= 2 and not name.endswith("mask_token")


def warmup_cosine(step: int, total_steps: int, warmup_steps: int, peak_lr: float, min_lr: float) -> float:
    """Return the learning rate of optimiser step `step` (0-based) as a fraction of `peak_lr`.

    It rises linearly from peak / warmup_steps to the peak, then falls by half a cosine to `min_lr` at the last step.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    remaining = max(total_steps - 1 - warmup_steps, 1)
    progress = min((step - warmup_steps) / remaining, 1.0)
    return (min_lr + (peak_lr - min_lr) * 0.5 * (1 + math.cos(math.pi * progress))) / peak_lr


def schedule(
    optimizer: torch.optim.Optimizer, settings: OptimSettings, batch_size: int, total_steps: int, warmup_steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return `warmup_cosine` as a scheduler that is stepped after every optimiser step.

    Raises:
        MaesumError: the warm-up fills the whole run.
    """
    if warmup_steps >= total_steps:
        raise MaesumError(
            f"the warm-up takes {warmup_steps} of {total_steps} optimiser steps; lower warmup_epochs below epochs."
        )
    peak = settings.learning_rate(batch_size)
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warmup_cosine(step, total_steps, warmup_steps, peak, settings.min_lr)
    )

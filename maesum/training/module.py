"""Base classes of all methods' modules: fresh optimisers for the checks of resuming, and the schedule of training on
clips."""

from __future__ import annotations

from collections.abc import Mapping

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn
from torchmetrics import Metric

from maesum.config.optimisation import OptimSettings
from maesum.training.optim import adamw, schedule


class TrainedModule(L.LightningModule):
    """A module that can be resumed: a checkpoint's optimisers are checked against fresh ones before they are loaded.

    A subclass with a single optimiser defines `build_optimizer`, one with several defines `build_optimizers`.
    """

    def build_optimizer(self) -> torch.optim.Optimizer:
        """Make a fresh optimiser of the weights."""
        raise NotImplementedError(f"{type(self).__name__} defines neither build_optimizer nor build_optimizers")

    def build_optimizers(self) -> list[torch.optim.Optimizer]:
        """Make all optimisers afresh, in the order in which checkpoints hold them."""
        return [self.build_optimizer()]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.build_optimizers()


class ClipModule(TrainedModule):
    """A module that trains on batches of clips: AdamW, a warm-up and a cosine, stepped by optimiser step (paper, A1).

    Attributes:
        model: the network that is trained.
        optim: learning rates, weight decay and betas of AdamW.
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        warmup_epochs: epochs of linear warm-up.
    """

    model: nn.Module
    optim: OptimSettings
    batch_size: int
    warmup_epochs: int

    def build_optimizer(self) -> torch.optim.Optimizer:
        """Make AdamW over the weights that are trained."""
        return adamw(self.model, self.optim, self.batch_size)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = self.build_optimizer()
        total_steps = int(self.trainer.estimated_stepping_batches)
        steps_per_epoch = total_steps / max(self.trainer.max_epochs or 1, 1)
        warmup_steps = round(self.warmup_epochs * steps_per_epoch)
        scheduler = schedule(optimizer, self.optim, self.batch_size, total_steps, warmup_steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def log_over_ranks(self, prefix: str, metrics: Mapping[str, Metric]) -> None:
        """Log metrics at the end of an epoch rather than in a step, so that a rank without a batch joins the sum."""
        for name, metric in metrics.items():
            self.log(f"{prefix}/{name}", metric.compute())
            metric.reset()

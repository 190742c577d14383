"""Stopping at the first loss that is not finite, without making the host wait for the GPU."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import lightning as L
import torch
from torch import Tensor

from maesum.data.clips import ClipBatch
from maesum.system.errors import MaesumError
from maesum.system.transfer import Arriving


class _Watched(NamedTuple):
    """A loss that was computed, and what to say if it turns out not to be finite."""

    loss: Arriving
    batch: ClipBatch
    step: int
    epoch: int
    rate: float


class FiniteLoss:
    """Checks each loss when the next step has been queued: one step late, so that a GPU always has work meanwhile.

    A checkpoint is never written unchecked: see `check_checkpoint`.
    """

    def __init__(self, module: L.LightningModule) -> None:
        self._module = module
        self._watched: _Watched | None = None

    def watch(self, loss: Tensor, batch: ClipBatch) -> None:
        """Check the loss of the step before, and keep this one for the next call.

        Raises:
            MaesumError: the loss of the step before is not finite; names its step, learning rate and rows.
        """
        self.check()
        module = self._module
        rate = module.trainer.optimizers[0].param_groups[0]["lr"]
        self._watched = _Watched(Arriving(loss), batch, module.global_step, module.current_epoch, rate)

    def check(self) -> None:
        """Check the loss that is kept.

        Raises:
            MaesumError: it is not finite.
        """
        watched, self._watched = self._watched, None
        if watched is None:
            return
        loss = watched.loss.item()
        if math.isfinite(loss):
            return
        batch = watched.batch
        bad = (~torch.isfinite(batch.frames)).any(dim=2).nonzero()
        if len(bad):
            store = self._module.trainer.datamodule.store  # type: ignore[attr-defined]
            raise MaesumError(
                f"{store.describe_row(int(batch.rows[tuple(bad[0])]))} holds NaN or infinite features, wanted finite "
                "ones; extract that video again or leave it out."
            )
        raise MaesumError(
            f"the loss is {loss} at step {watched.step} (epoch {watched.epoch}, learning rate "
            f"{watched.rate:.3g}, rows {int(batch.rows.min())} to {int(batch.rows.max())}); lower optim.base_lr or use "
            "trainer.precision=32-true."
        )

    def check_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to write weights or optimiser state that are not finite over a checkpoint that is.

        A finite loss can still have a gradient that is not, and another process's loss is not seen here.

        Raises:
            MaesumError: the last loss, a weight or a moment is not finite.
        """
        self.check()
        for field in ("state_dict", "optimizer_states"):
            if not all(bool(torch.isfinite(tensor).all()) for tensor in _tensors(checkpoint.get(field))):
                raise MaesumError(
                    f"field '{field}' is not finite after step {self._module.global_step}, so no checkpoint is "
                    "written; lower optim.base_lr or use trainer.precision=32-true."
                )


def _tensors(tree: Any) -> list[Tensor]:
    if isinstance(tree, Tensor):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return [tensor for part in parts for tensor in _tensors(part)]

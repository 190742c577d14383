"""Stop at the first loss that is not finite, without making the host wait for the GPU."""

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
    """A loss that is not checked yet, with what an error message about it needs."""

    loss: Arriving
    batch: ClipBatch
    step: int
    epoch: int
    rate: float


class FiniteLoss:
    """Checks each loss one step late, when the next step has been queued, so that a GPU always has work.

    The last loss is checked before a checkpoint is written: see `check_checkpoint`.
    """

    def __init__(self, module: L.LightningModule) -> None:
        self._module = module
        self._watched: _Watched | None = None

    def watch(self, loss: Tensor, batch: ClipBatch) -> None:
        """Check the loss of the previous step, and keep this one for the next call.

        Raises:
            MaesumError: the loss of the previous step is not finite; names its step, learning rate and rows.
        """
        self.check()
        module = self._module
        rate = module.trainer.optimizers[0].param_groups[0]["lr"]
        self._watched = _Watched(Arriving(loss), batch, module.global_step, module.current_epoch, rate)

    def check(self) -> None:
        """Check the loss that `watch` has kept.

        Raises:
            MaesumError: the loss is not finite.
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
        """Refuse to overwrite a sound checkpoint with weights or optimiser state that are not finite.

        A finite loss can still have a gradient that is not finite, and the losses of other processes are not seen here.

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

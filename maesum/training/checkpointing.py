"""Write checkpoints, as whole files only: after epochs, every so many steps, and when the job is asked to stop."""

from __future__ import annotations

import math
import signal
import time
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from maesum.system.errors import MaesumError, Stopped
from maesum.system.files import atomic_path
from maesum.training.checkpoints import EXTRA, read_checkpoint
from maesum.training.optimizer_checks import state_sizes
from maesum.training.record import TrainingRecord
from maesum.training.stopping import StopRequest, end_launched_processes, requeue_in_slurm

#: Largest share of the time that may go into writing files after epochs: on a GPU, an epoch of a small set can be as
#: short as writing a large model.
_SHARE_OF_TIME = 0.02


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes checkpoint files that are whole or absent, whatever ends the job; reads them through the safe loader."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint beside `path` and rename it.

        Raises:
            MaesumError: it cannot be written, e.g. because the disk is full; an earlier file at `path` is unharmed.
        """
        try:
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                torch.save(checkpoint, file)
        except RuntimeError as error:  # how torch's zip writer reports that a write failed
            reason = str(error.__context__ or error).splitlines()[0]
            raise MaesumError(f"{path}: writing failed ({reason}); {_UNHARMED}") from None
        except MaesumError as error:
            raise MaesumError(f"{str(error).split(';')[0]}; {_UNHARMED}") from None

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Read a checkpoint through the safe loader, onto the CPU."""
        return read_checkpoint(path)


_UNHARMED = "a checkpoint written before is unharmed, so free some space and resume with ckpt=last."


class LastCheckpoint(Checkpoint):
    """Keeps one checkpoint file up to date, so that a training can be resumed from it.

    The file is written after the last epoch; after other epochs as long as writing takes no more than 2 % of the time;
    after every `every_n_steps` optimiser steps; and when a signal asks the job to stop (see
    `maesum.training.stopping`). It is never written between the batches of one optimiser step, whose gradients would
    be lost.

    Args:
        path: the file.
        every_n_steps: optimiser steps between files, however long writing takes; None = only after epochs.

    Attributes:
        record: what decides the weights, set before training by `maesum.training.resuming.prepare_to_resume`. A
            checkpoint without it can be scored, but not resumed from.

    Raises:
        MaesumError: `every_n_steps` is below 1.
        Stopped: from the hooks, once the file that a signal asked for is written.
    """

    def __init__(self, path: str | Path, every_n_steps: int | None = None) -> None:
        if every_n_steps is not None and every_n_steps < 1:
            raise MaesumError(f"checkpoint_every_n_steps is {every_n_steps}, wanted at least 1, or null.")
        self.path, self.every_n_steps = Path(path), every_n_steps
        self.record: TrainingRecord | None = None
        self.stop = StopRequest()
        self._step = 0
        self._written, self._writing_takes = -math.inf, 0.0  # when the file was last written, and for how long, in s
        self._restored_metrics: dict[str, float] = {}

    def metrics(self, trainer: L.Trainer) -> dict[str, float]:
        """Return the last values logged; those of the checkpoint where a resumed training had no step left."""
        return self._restored_metrics | {key: float(value) for key, value in trainer.callback_metrics.items()}

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._step = trainer.global_step
        self.stop.listen(trainer)  # here, because Lightning installs its own handlers after `on_fit_start`

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        within_a_step = trainer.global_step == self._step
        if within_a_step or trainer.is_last_batch:  # after the last batch, the epoch's end writes the file
            return
        self._step = trainer.global_step
        signum = self.stop.agreed_before(trainer)
        if signum or (self.every_n_steps and self._step % self.every_n_steps == 0):
            self._save(trainer)
        if signum:
            self._leave(trainer, signum)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._step = trainer.global_step
        signum = self.stop.agreed(trainer)
        is_last = trainer.current_epoch + 1 == trainer.max_epochs
        if signum or is_last or trainer.strategy.broadcast(self._is_due()):
            self._save(trainer)
        if signum:
            self._leave(trainer, signum)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        # A finished training that is resumed in another folder takes no step, but its folder must be complete too.
        if not trainer.strategy.broadcast(self.path.exists()):
            self._save(trainer)

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        end_launched_processes(trainer)

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint[EXTRA] = {
            "accumulate_grad_batches": trainer.accumulate_grad_batches,
            "batches_per_epoch": trainer.num_training_batches,
            **state_sizes(checkpoint),
            "metrics": self.metrics(trainer),
            "record": None if self.record is None else self.record.to_plain(),
        }

    def on_load_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        self._restored_metrics = dict(checkpoint.get(EXTRA, {}).get("metrics", {}))

    def _is_due(self) -> bool:
        return time.monotonic() - self._written >= self._writing_takes / _SHARE_OF_TIME

    def _save(self, trainer: L.Trainer) -> None:
        start = time.monotonic()
        trainer.save_checkpoint(self.path, weights_only=False)
        self._written = time.monotonic()
        self._writing_takes = self._written - start

    def _leave(self, trainer: L.Trainer, signum: int) -> None:
        name = signal.Signals(signum).name
        again = "resume with ckpt=last"
        if name == "SIGUSR1" and trainer.is_global_zero and requeue_in_slurm():
            again = "SLURM has queued the job again"
        message = f"stopped by {name} after step {trainer.global_step}; {self.path} is written: {again}."
        # Only the first process exits with a failure: Lightning kills it where a process that it launched fails.
        raise Stopped(message, 128 + signum if trainer.is_global_zero else 0)

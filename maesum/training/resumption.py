"""What a training job does about the checkpoint that it goes on from, before anything is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import lightning as L
from hydra.core.hydra_config import HydraConfig

from maesum.runs.fingerprint import decisive_files
from maesum.system.launch import launched
from maesum.system.printing import say
from maesum.training.checkpointing import LastCheckpoint
from maesum.training.record import TrainingRecord
from maesum.training.resuming import load_resumed, refuse_finished


def folder_is_given() -> bool:
    """Whether the user named the run's folder.

    Lightning names it, too, for the processes that it starts, and so does a run that is repeated from another's
    `.hydra`, which takes the usual one.
    """
    started_by_lightning = launched() is None and int(os.environ.get("LOCAL_RANK") or 0) > 0
    hydra = HydraConfig.get().overrides.hydra
    given = (override.lstrip("+").partition("=")[0] for override in hydra if "${new_folder:" not in override)
    return "hydra.run.dir" in given and not started_by_lightning


def prepare_to_resume(
    checkpoint: Path | None,
    task: L.LightningModule,
    data: Any,
    trainer: L.Trainer,
    config: dict[str, Any],
    read: dict[str, str],
    folder: Path,
    has_schedule: bool = True,
) -> list[int]:
    """Have checkpoints record what decides the weights; going on from one, check that it is of this training.

    Args:
        read: what the files that the config names hold.
        has_schedule: whether the learning rate depends on how long the training is.

    Returns:
        The values of `epochs` that the weights are trained with, one after the other.

    Raises:
        MaesumError: the checkpoint is of another training, damaged, or a finished run's that nobody named.
    """
    record, remarks = TrainingRecord.of(config, read, trainer, has_schedule), list[str]()
    if checkpoint is not None:
        resumed = load_resumed(checkpoint, task, trainer, record, decisive_files(config))
        if config["ckpt"] == "last":
            refuse_finished(checkpoint, folder, resumed)
        data.start, record = resumed.position, resumed.record
        remarks = [f"resuming {checkpoint}", *resumed.remarks]
    cast(LastCheckpoint, trainer.checkpoint_callback).record = record
    if trainer.is_global_zero:
        for line in remarks:
            say(line)
    return record.epochs

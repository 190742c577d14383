"""Going on with a training that was interrupted: whether the checkpoint fits, and at which batch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, cast

import lightning as L

from maesum.config.training import TrainConfig
from maesum.data.order import Position
from maesum.data.origin import FeatureOrigin, differences
from maesum.runs.fingerprint import decisive_files
from maesum.system.errors import MaesumError
from maesum.system.printing import say
from maesum.training.checkpoint_checks import check_fields, check_like, wrong_field
from maesum.training.checkpointing import EXTRA, LastCheckpoint
from maesum.training.checkpoints import check_weights, read_checkpoint, read_origin
from maesum.training.module import TrainedModule
from maesum.training.optimizer_checks import check_optimizers
from maesum.training.record import TrainingRecord


class Resumed(NamedTuple):
    """Where a training goes on.

    Attributes:
        position: where in the data it stands.
        record: what decides its weights from here on, and did before.
        remarks: what the user should know about it, a line each.
    """

    position: Position
    record: TrainingRecord
    remarks: list[str]


def prepare_to_resume(
    checkpoint: Path | None,
    task: TrainedModule,
    data: Any,
    trainer: L.Trainer,
    config: TrainConfig,
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
        resumed = load_resumed(checkpoint, task, trainer, record, decisive_files(asdict(config)))
        if config.ckpt == "last":
            refuse_finished(checkpoint, folder, resumed)
        data.start, record = resumed.position, resumed.record
        remarks = [f"resuming {checkpoint}", *resumed.remarks]
    cast(LastCheckpoint, trainer.checkpoint_callback).record = record
    if trainer.is_global_zero:
        for line in remarks:
            say(line)
    return record.epochs


def load_resumed(
    path: Path, task: TrainedModule, trainer: L.Trainer, record: TrainingRecord, files: dict[str, Any]
) -> Resumed:
    """Check that a checkpoint is one of this training and whole, and tell where to go on.

    Args:
        task: what will be trained on.
        trainer: that will train it.
        record: what decides the weights of this training.
        files: what it reads by key, for messages.

    Raises:
        MaesumError: not a checkpoint to resume from, one made with other settings or data, or a damaged one.
    """
    return resumed_from(read_checkpoint(path), path, task, trainer, record, files)


def resumed_from(
    content: dict[str, Any],
    path: Path,
    task: TrainedModule,
    trainer: L.Trainer,
    record: TrainingRecord,
    files: dict[str, Any],
) -> Resumed:
    """The same of a checkpoint's content that has been read from `path`."""
    check_fields(content, path)
    before = TrainingRecord.from_plain(content[EXTRA].get("record"), path)
    position = _position(content["loops"], path)
    goes_on = record.goes_on_from(before, position.epoch, files, path)
    check_settings(content["hyper_parameters"], dict(task.hparams), path)
    _check_features(read_origin(content, path), getattr(task, "trained_on", None), path)
    check_weights(content["state_dict"], task.state_dict(), path, of_same_type=True)
    check_like(content["loops"].get("fit_loop"), trainer.fit_loop.state_dict(), "loops.fit_loop", path)
    check_optimizers(content, task.build_optimizers(), content[EXTRA], path)
    _check_place(position, content[EXTRA], trainer.accumulate_grad_batches, path)
    remarks = goes_on.remarks_on(before)
    if position.epoch == record.epochs[-1]:
        remarks.append("it is trained to the end: no step is left, so its weights are only scored")
    return Resumed(position, goes_on, remarks)


def refuse_finished(path: Path, folder: Path, resumed: Resumed) -> None:
    """Refuse another run's result for this one's: `last` may have found a neighbour that is done.

    Raises:
        MaesumError: the checkpoint is another folder's, has no step left, and its run has left its results.
    """
    of = path.parent.parent
    is_done = resumed.position.epoch == resumed.record.epochs[-1] and (of / "metrics.json").exists()
    if is_done and of.resolve() != folder.resolve():
        raise MaesumError(
            f"{of}: ckpt=last stands for this run, the newest beside {folder}, which is finished and has its results; "
            f"raise epochs= to go on from it, name it by ckpt={path} to score it again, or leave ckpt= out to start "
            "anew."
        )


def check_settings(found: Any, wanted: dict[str, Any], path: Path, prefix: str = "") -> None:
    """Compare a checkpoint's hyper-parameters with those of the task, some of which follow from the data.

    One that the checkpoint lacks is newer: the record of the training tells whether it has its default.

    Raises:
        MaesumError: naming the first that differs.
    """
    if not isinstance(found, dict):
        raise MaesumError(f"{path}: field 'hyper_parameters' is no table of settings; name another checkpoint.")
    for key in sorted(found, key=str):
        before, now = found[key], wanted.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            check_settings(before, now, path, f"{prefix}{key}.")
        elif type(before) is not type(now) or before != now:
            raise MaesumError(
                f"{path}: was trained with {prefix}{key}={str(before)[:80]}, but now it is {now}; resume with the "
                "settings of that run."
            )


def _check_features(before: FeatureOrigin | None, now: FeatureOrigin | None, path: Path) -> None:
    """Refuse to go on with features of another kind: that would be another training."""
    found = [] if now is None else differences(now, before)
    if found:
        raise MaesumError(f"{path}: {found[0]}; resume with the features of that run.")


def _check_place(position: Position, extra: dict[str, Any], accumulate: int, path: Path) -> None:
    """Check a place within an epoch, where batches are counted: they must be cut now as they were."""
    for name in ("accumulate_grad_batches", "batches_per_epoch"):
        if type(extra.get(name)) is not int or extra[name] < 1:
            raise wrong_field(path, f"{EXTRA}.{name}", extra.get(name), "a number of at least 1")
    metrics = extra.get("metrics")
    if not isinstance(metrics, dict) or not all(type(value) is float for value in metrics.values()):
        raise wrong_field(path, f"{EXTRA}.metrics", "other", "numbers by name")
    if position.batch and extra["accumulate_grad_batches"] != accumulate:
        raise MaesumError(
            f"{path}: was written within an epoch at trainer.accumulate_grad_batches="
            f"{extra['accumulate_grad_batches']}, but now it is {accumulate}; resume with the same."
        )
    if position.batch > extra["batches_per_epoch"]:
        raise MaesumError(
            f"{path}: field 'loops' places the training at batch {position.batch}, but an epoch has "
            f"{extra['batches_per_epoch']}; name another checkpoint."
        )


def _position(loops: Any, path: Path) -> Position:
    """The epoch and batch that Lightning's counters tell."""
    try:
        fit = loops["fit_loop"]
        epochs, batches = fit["epoch_progress"]["current"], fit["epoch_loop.batch_progress"]["current"]
        counters = [epochs["ready"], epochs["processed"], batches["processed"]]
    except (KeyError, TypeError, IndexError) as error:
        raise MaesumError(f"{path}: field 'loops' does not tell where the training stood ({error!r}).") from None
    if not all(type(count) is int and 0 <= count < 2**31 for count in counters):
        raise MaesumError(f"{path}: field 'loops' places the training at {str(counters)[:80]}, wanted numbers from 0.")
    ready, processed, batch = counters
    return Position(processed, batch if ready != processed else 0)

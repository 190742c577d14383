"""Resume an interrupted training: check that the checkpoint fits, and find the batch to go on with."""

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
        position: the epoch and batch to go on with.
        record: what decides its weights, before this point and after it.
        remarks: lines that tell the user what is special about going on.
    """

    position: Position
    record: TrainingRecord
    remarks: list[str]


def prepare_to_resume(
    checkpoint: Path | None,
    module: TrainedModule,
    data: Any,
    trainer: L.Trainer,
    config: TrainConfig,
    read: dict[str, str],
    folder: Path,
    has_schedule: bool = True,
) -> list[int]:
    """Give checkpoints a record of what decides the weights; when resuming, check that the checkpoint fits it.

    Args:
        read: hashes of the files that the config names.
        has_schedule: whether the learning rate depends on how long the training is.

    Returns:
        The values of `epochs` that the weights are trained with, in turn.

    Raises:
        MaesumError: the checkpoint is of another training, is damaged, or belongs to a finished run that the user did
            not name.
    """
    record, remarks = TrainingRecord.of(config, read, trainer, has_schedule), list[str]()
    if checkpoint is not None:
        resumed = load_resumed(checkpoint, module, trainer, record, decisive_files(asdict(config)))
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
    path: Path, module: TrainedModule, trainer: L.Trainer, record: TrainingRecord, files: dict[str, Any]
) -> Resumed:
    """Check that a checkpoint is whole and of this training, and return where to go on.

    Args:
        module: the module whose training goes on.
        trainer: the trainer that will train it.
        record: what decides the weights of this training.
        files: the files that this training reads, by key, for messages.

    Raises:
        MaesumError: it is no checkpoint to resume from, was made with other settings or data, or is damaged.
    """
    return resumed_from(read_checkpoint(path), path, module, trainer, record, files)


def resumed_from(
    content: dict[str, Any],
    path: Path,
    module: TrainedModule,
    trainer: L.Trainer,
    record: TrainingRecord,
    files: dict[str, Any],
) -> Resumed:
    """Check the content of a checkpoint that was read from `path`, as `load_resumed` does."""
    check_fields(content, path)
    before = TrainingRecord.from_plain(content[EXTRA].get("record"), path)
    position = _position(content["loops"], path)
    goes_on = record.goes_on_from(before, position.epoch, files, path)
    check_settings(content["hyper_parameters"], dict(module.hparams), path)
    _check_features(read_origin(content, path), getattr(module, "trained_on", None), path)
    check_weights(content["state_dict"], module.state_dict(), path, of_same_type=True)
    check_like(content["loops"].get("fit_loop"), trainer.fit_loop.state_dict(), "loops.fit_loop", path)
    check_optimizers(content, module.build_optimizers(), content[EXTRA], path)
    _check_place(position, content[EXTRA], trainer.accumulate_grad_batches, path)
    remarks = goes_on.remarks_on(before)
    if position.epoch == record.epochs[-1]:
        remarks.append("it is trained to the end: no step is left, so its weights are only scored")
    return Resumed(position, goes_on, remarks)


def refuse_finished(path: Path, folder: Path, resumed: Resumed) -> None:
    """Refuse to pass the results of another, finished run for this one's: `last` may have found such a neighbour.

    Raises:
        MaesumError: the checkpoint is in another folder, has no step left, and its run has left results.
    """
    of = path.parent.parent
    is_done = resumed.position.epoch == resumed.record.epochs[-1] and (of / "metrics.json").exists()
    if is_done and of.resolve() != folder.resolve():
        raise MaesumError(
            f"{of}: ckpt=last means this run, the newest beside {folder}, but it is finished and has its results; "
            f"raise epochs= to go on from it, name it by ckpt={path} to score it again, or leave ckpt= out to start "
            "anew."
        )


def check_settings(found: Any, wanted: dict[str, Any], path: Path, prefix: str = "") -> None:
    """Compare a checkpoint's hyper-parameters with those of the module, some of which follow from the data.

    A hyper-parameter that the checkpoint lacks is newer; `TrainingRecord` checks that it has its default.

    Raises:
        MaesumError: naming the first hyper-parameter that differs.
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
    """Check a position within an epoch: it counts batches, so these must be accumulated as before."""
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
    """Return the epoch and batch that Lightning's counters give."""
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

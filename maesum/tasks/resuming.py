"""Going on with a training that was interrupted: which checkpoint, whether it fits, and at which batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.utilities import rank_zero_only

from maesum.data.order import Position
from maesum.data.origin import FeatureOrigin, differences
from maesum.errors import MaesumError
from maesum.launch import restarted
from maesum.tasks.checkpointing import EXTRA
from maesum.tasks.checkpoints import LAST, check_weights, read_checkpoint, read_origin


def resume_path(ckpt: str | None, folder: Path) -> Path | None:
    """The checkpoint to resume from, None to start anew.

    A file as named; for "last" the one in this run's own folder (`hydra.run.dir=` named a folder that holds a run), or
    else the newest among the runs beside it. A job that SLURM or torchrun has started again goes on with its own,
    whatever is named.

    Raises:
        MaesumError: there is none, or the folder holds another training, which would be lost.
    """
    own = folder / LAST
    if own.is_file():
        if ckpt == "last" or restarted():
            return own
        if ckpt is None or not Path(ckpt).is_file() or not own.samefile(ckpt):
            raise MaesumError(
                f"{own}: this folder holds a training already; go on with it by ckpt=last, or name another folder by "
                "hydra.run.dir= or torchrun's --rdzv-id."
            )
    if ckpt is None:
        return None
    if ckpt != "last":
        if not Path(ckpt).is_file():
            raise MaesumError(f"{ckpt}: no such checkpoint; ckpt= takes a file or 'last'.")
        return Path(ckpt)
    found = sorted(folder.parent.glob(f"*/{LAST}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise MaesumError(f"{folder.parent}: no run with {LAST} to resume; leave ckpt= out to start anew.")
    return found[-1]


def load_position(path: Path, task: L.LightningModule, accumulate: int) -> Position:
    """Check that a checkpoint is one of this training, and tell where it stood in the data.

    Args:
        task: the task that will be trained on.
        accumulate: batches of one optimiser step.

    Raises:
        MaesumError: not a checkpoint to resume from, or one made with other settings.
    """
    content = read_checkpoint(path)
    for field in ("state_dict", "hyper_parameters", "loops", "optimizer_states", "lr_schedulers"):
        if field not in content:
            raise MaesumError(f"{path}: field '{field}' is missing, so no training can be resumed from this file.")
    check_settings(content["hyper_parameters"], dict(task.hparams), path)
    check_weights(content["state_dict"], task.state_dict(), path)
    _check_features(read_origin(content, path), getattr(task, "trained_on", None), path)
    position = _position(content["loops"], path)
    extra = content.get(EXTRA)
    before = extra.get("accumulate_grad_batches") if isinstance(extra, dict) else None
    if position.batch and before != accumulate:
        raise MaesumError(
            f"{path}: was written within an epoch at trainer.accumulate_grad_batches={before}, but now it is "
            f"{accumulate}; resume with the same."
        )
    return position


@rank_zero_only
def keep_log(folder: Path) -> None:
    """Set a curve that the folder holds aside as metrics_1.csv, ...: Lightning's CSV logger deletes what it finds."""
    log = folder / "log" / "metrics.csv"
    if log.is_file():
        number = 1 + len(list(log.parent.glob("metrics_*.csv")))
        log.replace(log.with_name(f"metrics_{number}.csv"))


def check_settings(found: Any, wanted: dict[str, Any], path: Path, prefix: str = "") -> None:
    """Compare a checkpoint's settings with those of the task.

    Raises:
        MaesumError: naming the first that differs.
    """
    if not isinstance(found, dict):
        raise MaesumError(f"{path}: field 'hyper_parameters' is no table of settings; name another checkpoint.")
    for key in sorted(found.keys() | wanted.keys(), key=str):
        before, now = found.get(key), wanted.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            check_settings(before, now, path, f"{prefix}{key}.")
        elif before != now:
            raise MaesumError(
                f"{path}: was trained with {prefix}{key}={before}, but now it is {now}; resume with the settings of "
                "that run."
            )


def _check_features(before: FeatureOrigin | None, now: FeatureOrigin | None, path: Path) -> None:
    """Refuse to go on with features of another kind: that would be another training."""
    found = [] if now is None else differences(now, before)
    if found:
        raise MaesumError(f"{path}: {found[0]}; resume with the features of that run.")


def _position(loops: Any, path: Path) -> Position:
    """The epoch and batch that Lightning's counters tell."""
    try:
        fit = loops["fit_loop"]
        epochs, batches = fit["epoch_progress"]["current"], fit["epoch_loop.batch_progress"]["current"]
        within_an_epoch = epochs["ready"] != epochs["processed"]
        position = Position(int(epochs["processed"]), int(batches["processed"]) if within_an_epoch else 0)
    except (KeyError, TypeError, ValueError) as error:
        raise MaesumError(f"{path}: field 'loops' does not tell where the training stood ({error!r}).") from None
    if min(position) < 0:
        raise MaesumError(f"{path}: field 'loops' places the training at {tuple(position)}, wanted numbers from 0.")
    return position

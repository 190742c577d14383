"""Find the checkpoint that `ckpt=` means, and keep the logs of the folder in which a training goes on."""

from __future__ import annotations

from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from maesum.runs.provenance import LAST
from maesum.system.errors import MaesumError
from maesum.system.launch import restarted


def resume_path(ckpt: str | None, folder: Path, folder_is_given: bool = False) -> Path | None:
    """Return the checkpoint to resume from, None to start anew.

    A path is taken as given. "last" means the checkpoint in this run's own folder or, where the user did not name the
    folder, the newest among the runs beside it. A job that SLURM or torchrun has started again goes on with its own
    checkpoint, whatever `ckpt` says.

    Args:
        folder_is_given: whether the user named the folder (by `hydra.run.dir=`, or as a job's folder in a multirun).

    Raises:
        MaesumError: there is no such checkpoint, or the folder holds another training, which would be lost.
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
    if folder_is_given:
        raise MaesumError(
            f"{folder}: this folder holds no {LAST}, which ckpt=last means where the folder is named; leave ckpt= out "
            "to start anew, or name a checkpoint by ckpt=FILE."
        )
    found = sorted(folder.parent.glob(f"*/{LAST}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise MaesumError(f"{folder.parent}: no run with {LAST} to resume; leave ckpt= out to start anew.")
    return found[-1]


@rank_zero_only
def keep_log(folder: Path) -> None:
    """Rename an earlier metrics.csv of the folder to metrics_1.csv, ...: Lightning's CSV logger would delete it."""
    log = folder / "log" / "metrics.csv"
    if log.is_file():
        number = 1 + len(list(log.parent.glob("metrics_*.csv")))
        log.replace(log.with_name(f"metrics_{number}.csv"))

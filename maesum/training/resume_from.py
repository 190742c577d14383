"""Which checkpoint `ckpt=` means, and what lies in the folder that a training goes on in."""

from __future__ import annotations

from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from maesum.runs.provenance import LAST
from maesum.system.errors import MaesumError
from maesum.system.launch import restarted


def resume_path(ckpt: str | None, folder: Path, folder_is_given: bool = False) -> Path | None:
    """The checkpoint to resume from, None to start anew.

    A file as named; for "last" the one in this run's own folder, or else, where nobody named the folder, the newest
    among the runs beside it. A job that SLURM or torchrun has started again goes on with its own, whatever is named.

    Args:
        folder_is_given: whether the user named the folder (`hydra.run.dir=`, or a job's of a multirun).

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
    if folder_is_given:
        raise MaesumError(
            f"{folder}: no run with {LAST} to resume is in this folder, which ckpt=last stands for where a folder is "
            "named; leave ckpt= out to start anew, or name a checkpoint by ckpt=FILE."
        )
    found = sorted(folder.parent.glob(f"*/{LAST}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise MaesumError(f"{folder.parent}: no run with {LAST} to resume; leave ckpt= out to start anew.")
    return found[-1]


@rank_zero_only
def keep_log(folder: Path) -> None:
    """Set a curve that the folder holds aside as metrics_1.csv, ...: Lightning's CSV logger deletes what it finds."""
    log = folder / "log" / "metrics.csv"
    if log.is_file():
        number = 1 + len(list(log.parent.glob("metrics_*.csv")))
        log.replace(log.with_name(f"metrics_{number}.csv"))

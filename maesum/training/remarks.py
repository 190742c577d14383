"""Remarks of Lightning's on hardware, its own products and its internals: not what a user started this job to read."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("lightning.pytorch", "lightning.fabric")
_USELESS = (
    ".*(LeafSpec|does not have many workers|smaller than the logging interval).*",
    # Said of every loader without a state, but ours starts at the batch that a resumed run is told to start at, and of
    # log files, which `maesum.training.resume_from.keep_log` has set aside.
    ".*(your dataloader is not resumable|Experiment logs directory).*",
    # Said of validation metrics that torchmetrics has summed over ranks already.
    ".*It is recommended to use `self.log.*sync_dist=True.*",
    # Said of every machine that has SLURM's srun. A job of SLURM's that should have been started by srun is refused by
    # us.
    ".*The `srun` command is available",
)


def leave_out_remarks() -> None:
    """Silence the remarks that are known to help nobody, for the rest of this process; warnings of others stay."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _USELESS:
        warnings.filterwarnings("ignore", message=message)


@contextmanager
def without_remarks() -> Iterator[None]:
    """Silence everything but errors while the block runs: for commands whose users need not know Lightning."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

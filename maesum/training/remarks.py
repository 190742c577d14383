"""Silence remarks of Lightning on hardware, its own products and its internals, which users need not read."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("lightning.pytorch", "lightning.fabric")
_USELESS = (
    ".*(LeafSpec|does not have many workers|smaller than the logging interval).*",
    # The first comes for every loader without a state, but ours starts at the batch that a resumed run has to start at.
    # The second is about log files, which `maesum.training.resume_from.keep_log` has renamed.
    ".*(your dataloader is not resumable|Experiment logs directory).*",
    # It comes for validation metrics that torchmetrics has summed over ranks already.
    ".*It is recommended to use `self.log.*sync_dist=True.*",
    # It comes on every machine that has SLURM's srun. A SLURM job that should have been started by srun is refused by
    # `maesum.system.launch`.
    ".*The `srun` command is available",
)


def leave_out_remarks() -> None:
    """Silence the remarks listed here for the rest of this process; other warnings stay."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _USELESS:
        warnings.filterwarnings("ignore", message=message)


@contextmanager
def without_remarks() -> Iterator[None]:
    """Silence all of Lightning but errors while the block runs, for commands whose users need not know Lightning."""
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

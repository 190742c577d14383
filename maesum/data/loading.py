"""A DataLoader that notices when the features it reads change under it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError

Batch = TypeVar("Batch")


class FeatureLoader(DataLoader[Batch]):
    """Batches that a sampler addresses, fetched by loader processes or, with workers=0, in this one.

    The files are looked at before and after every pass. What goes wrong in a loader process comes back with its
    traceback, or as news of its death, where it touched what had been cut off: then the files are looked at, too.

    Args:
        batches: yields what the dataset makes one whole batch of: one gather, no collation.
        store: whose files are watched.

    Raises:
        MaesumError: while iterating: a file has been written to.
    """

    def __init__(self, clips: Dataset[Batch], batches: Sampler, store: FeatureStore, workers: int) -> None:
        super().__init__(
            clips,
            batch_size=None,
            sampler=batches,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_leave_signals_to_the_trainer,
        )
        self._store = store

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        self._store.check_unchanged()
        try:
            yield from super().__iter__()
        except Exception:  # whatever the pipe to a process that died leads torch to: EOFError, RuntimeError, ...
            self._say_what_changed()
            raise
        self._store.check_unchanged()

    def _say_what_changed(self) -> None:
        """Raise what happened to the files, if it was that; else return, for the failure to be raised as it is."""
        for _ in range(self.num_workers + 1):
            try:
                if self._iterator is not None:
                    self._iterator._shutdown_workers()  # type: ignore[attr-defined]
                self._store.check_unchanged()
                return
            except MaesumError as error:
                raise error from None
            except RuntimeError:
                continue  # news of the next loader process that died, which comes by a signal at any moment


def _leave_signals_to_the_trainer(worker: int) -> None:
    # Schedulers signal every process of a job. The trainer ends its step and saves, for which it needs its workers;
    # they end with it.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)

"""Load batches, and notice when the features files change meanwhile."""

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
    """Loads the batches that a sampler addresses, in loader processes or, with workers=0, in this one.

    The files are checked before and after every pass. They are also checked when a loader process fails or dies, as it
    does on touching rows that have been cut off.

    Args:
        batches: yields the address from which the dataset makes a whole batch: one gather, no collation.
        store: the store whose files are watched.

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
        except Exception:  # torch may raise anything when a loader process has died: EOFError, RuntimeError, ...
            self._say_what_changed()
            raise
        self._store.check_unchanged()

    def _say_what_changed(self) -> None:
        """Raise a MaesumError if the files have changed; else return, so that the original failure is raised."""
        for _ in range(self.num_workers + 1):
            try:
                if self._iterator is not None:
                    self._iterator._shutdown_workers()  # type: ignore[attr-defined]
                self._store.check_unchanged()
                return
            except MaesumError as error:
                raise error from None
            except RuntimeError:
                continue  # another loader process has died, which a signal reports at any moment


def _leave_signals_to_the_trainer(worker: int) -> None:
    # Schedulers signal every process of a job. The trainer ends its step and saves, for which it needs its workers;
    # they end with it.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)

"""Cut the order of an epoch into batches that do not depend on the number of ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from maesum.data import sampling
from maesum.system.errors import MaesumError


class Position(NamedTuple):
    """The point that a training has reached: an epoch, and how many of its batches (of one rank) are done."""

    epoch: int
    batch: int


START = Position(0, 0)


class ClipAddress(NamedTuple):
    """The numbers of a batch's clips, from which everything random about them follows."""

    epoch: int
    samples: np.ndarray  # [B] int64


class ClipBatches(Sampler[ClipAddress]):
    """Yields the batches of an epoch for one rank.

    The epoch's order is cut into global batches (one optimiser step each), and every global batch into equal slices,
    one for each rank and accumulation step. So the clips of a step are the same for any number of ranks. The last
    batch is filled up with further clips of videos in the next epoch's order, so that no clip is left out.

    Args:
        num_samples: sample numbers in an epoch; sample s is a clip of video s % videos.
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        rank: the rank whose slices to yield; None = those of all ranks together, the first rank's clips first.
        start: the first batch to yield: a resumed training goes on in the middle of an epoch.

    Raises:
        MaesumError: the batch size is no multiple of ranks x accumulation steps, or an epoch is smaller than a batch.
    """

    def __init__(
        self,
        num_samples: int,
        batch_size: int,
        seed: int,
        rank: int | None = 0,
        ranks: int = 1,
        accumulate: int = 1,
        start: Position = START,
    ) -> None:
        if batch_size % (ranks * accumulate):
            raise MaesumError(
                f"batch_size is {batch_size}, wanted a multiple of {ranks} device(s) x {accumulate} accumulation steps."
            )
        if num_samples < batch_size:
            raise MaesumError(
                f"an epoch has {num_samples} clips, but batch_size is {batch_size}; raise data.clips_per_video or "
                "lower batch_size."
            )
        self.num_samples, self.batch_size, self.seed = num_samples, batch_size, seed
        self.rank, self.ranks, self.accumulate = rank, ranks, accumulate
        # Not 0 on resuming: worker processes fetch ahead before Lightning first calls `set_epoch`.
        self.epoch, self.start = start.epoch, start

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; Lightning calls this before each one."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.num_samples // self.batch_size) * self.accumulate

    def __iter__(self) -> Iterator[ClipAddress]:
        order = sampling.epoch_order(self.seed, self.epoch, self.num_samples)
        missing = -self.num_samples % self.batch_size
        # Sample numbers beyond the epoch's own are other draws from the same videos.
        further = self.num_samples + sampling.epoch_order(self.seed, self.epoch + 1, self.num_samples)[:missing]
        order = np.concatenate([order, further])
        together = self.batch_size // self.accumulate  # clips of all ranks
        share = together // self.ranks
        own = slice(None) if self.rank is None else slice(self.rank * share, (self.rank + 1) * share)
        first = self.start.batch if self.epoch == self.start.epoch else 0
        for number in range(first, len(self)):
            yield ClipAddress(self.epoch, order[number * together :][:together][own])


class HeldOutBatches(Sampler[ClipAddress]):
    """Yields the same clips at every validation: each sample once, distributed over the ranks; the last batch is short.

    A rank for which no sample is left gets one empty batch, since all ranks must take part in the reduction afterwards.
    """

    def __init__(self, num_samples: int, batch_size: int, rank: int = 0, ranks: int = 1) -> None:
        whole = np.arange(num_samples)
        batches = np.split(whole, range(batch_size, num_samples, batch_size))
        self.batches = batches[rank::ranks] or [whole[:0]]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[ClipAddress]:
        return (ClipAddress(0, samples) for samples in self.batches)

"""DataModules: training clips from precomputed features, in batches that do not depend on workers or ranks."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from maesum.data import sampling
from maesum.data.store import FeatureStore
from maesum.errors import MaesumError


class ClipBatch(NamedTuple):
    """What a training step sees. B clips of T frames, D features wide."""

    frames: Tensor  # [B, T, D] in the stored dtype
    mask_noise: Tensor  # [B, T] float32
    rows: Tensor  # [B, T] int64, rows of the store, to name the video at fault


class Position(NamedTuple):
    """Where in the data a training stands: an epoch, and how many of its batches (of one rank) are done."""

    epoch: int
    batch: int


START = Position(0, 0)


class ClipAddress(NamedTuple):
    """Which clips make a batch: everything random about them follows from these numbers."""

    epoch: int
    samples: np.ndarray  # [B] int64


class Clips(Dataset[ClipBatch]):
    """Turns a batch address into a batch: draw the frames, then fetch them in one gather."""

    def __init__(self, store: FeatureStore, stride: int | Sequence[int], frames: int, seed: int) -> None:
        self.store, self.stride, self.frames, self.seed = store, stride, frames, seed

    def __getitem__(self, address: ClipAddress) -> ClipBatch:
        video = address.samples % len(self.store)
        frame_index = sampling.clips(
            self.seed, address.epoch, address.samples, self.store.lengths[video], self.stride, self.frames
        )
        rows = torch.from_numpy(self.store.offsets[video][:, None] + frame_index)  # [B, T]
        noise = sampling.mask_noise(self.seed, address.epoch, address.samples, self.frames)
        return ClipBatch(self.store.gather(rows), torch.from_numpy(noise), rows)


class ClipBatches(Sampler[ClipAddress]):
    """The batches of an epoch, as one rank sees them.

    The epoch's order is cut into global batches (one optimiser step each), and every global batch into equal slices,
    one for each rank and accumulation step. So the clips of a step are the same for any number of ranks. The last
    batch is filled up with further clips of videos in the next epoch's order, so that no clip is left out.

    Args:
        num_samples: sample numbers in an epoch; sample s is a clip of video s % videos.
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        start: the first batch wanted: a resumed training goes on in the middle of an epoch.

    Raises:
        MaesumError: a batch that does not divide, or an epoch smaller than one batch.
    """

    def __init__(
        self,
        num_samples: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
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
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.num_samples // self.batch_size) * self.accumulate

    def __iter__(self) -> Iterator[ClipAddress]:
        order = sampling.epoch_order(self.seed, self.epoch, self.num_samples)
        missing = -self.num_samples % self.batch_size
        # Sample numbers beyond the epoch's own are other draws from the same videos.
        further = self.num_samples + sampling.epoch_order(self.seed, self.epoch + 1, self.num_samples)[:missing]
        order = np.concatenate([order, further])
        share = self.batch_size // (self.ranks * self.accumulate)
        first = self.start.batch if self.epoch == self.start.epoch else 0
        for number in range(first, len(self)):
            begin = (number * self.ranks + self.rank) * share
            yield ClipAddress(self.epoch, order[begin : begin + share])


class HeldOutBatches(Sampler[ClipAddress]):
    """The same clips at every validation: each sample once, dealt out to the ranks, the last batch as it comes.

    A rank for which nothing is left gets one batch of no clip: all ranks must take part in what follows the batches.
    """

    def __init__(self, num_samples: int, batch_size: int, rank: int = 0, ranks: int = 1) -> None:
        whole = np.arange(num_samples)
        batches = np.split(whole, range(batch_size, num_samples, batch_size))
        self.batches = batches[rank::ranks] or [whole[:0]]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[ClipAddress]:
        return (ClipAddress(0, samples) for samples in self.batches)


class ClipDataModule(L.LightningDataModule):
    """Training clips, and held-out ones to watch the reconstruction error on, from files in the features format.

    Args:
        features: files of the training set (see `FeatureStore`).
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        stride: temporal stride of a clip, one number or a range; [1, 8] is the paper's rand(1,8).
        frames: frames of a clip.
        clips_per_video: clips drawn from each video in an epoch (paper, A1: 10 on the summarization benchmarks).
        held_out: files of videos to validate on, or None.
        held_out_clips_per_video: clips drawn from each of those.
        workers: processes that load batches; 0 = the training process itself.
        seed: of the clips, their order and their masks.

    Raises:
        MaesumError: files that cannot be read, videos shorter than a clip.
    """

    def __init__(
        self,
        features: str | Sequence[str],
        batch_size: int = 128,
        stride: int | Sequence[int] = (1, 8),
        frames: int = 30,
        clips_per_video: int = 1,
        held_out: str | Sequence[str] | None = None,
        held_out_clips_per_video: int = 4,
        workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        sampling.parse_stride(stride)
        self.batch_size, self.stride, self.frames, self.seed = batch_size, stride, frames, seed
        self.clips_per_video, self.held_out_clips_per_video = clips_per_video, held_out_clips_per_video
        self.workers = workers
        self.start = START  # set before training by whoever resumes one
        self.store = _open(features, frames)
        self.held_out = _open(held_out, frames) if held_out else None
        if self.held_out is not None and self.held_out.dim != self.store.dim:
            raise MaesumError(
                f"{self.held_out.paths[0]}: features are {self.held_out.dim} wide, but {self.store.paths[0]} has "
                f"{self.store.dim}."
            )

    def train_dataloader(self) -> DataLoader[ClipBatch]:
        """Batches of the training set for this rank."""
        rank, ranks = self._rank()
        accumulate = self.trainer.accumulate_grad_batches if self.trainer else 1
        samples = len(self.store) * self.clips_per_video
        order = ClipBatches(samples, self.batch_size, self.seed, rank, ranks, accumulate, self.start)
        return self._loader(self.store, self.seed, order)

    def val_dataloader(self) -> DataLoader[ClipBatch] | list:
        """Batches of the held-out set for this rank; none without one."""
        if self.held_out is None:
            return []
        rank, ranks = self._rank()
        samples = len(self.held_out) * self.held_out_clips_per_video
        # A seed of its own: held-out clips do not move with the training seed.
        return self._loader(self.held_out, 0, HeldOutBatches(samples, self.batch_size, rank, ranks))

    def _rank(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _loader(self, store: FeatureStore, seed: int, batches: Sampler[ClipAddress]) -> DataLoader[ClipBatch]:
        return DataLoader(
            Clips(store, self.stride, self.frames, seed),
            batch_size=None,  # an address stands for a whole batch: one gather, no collation
            sampler=batches,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_leave_signals_to_the_trainer,
        )


def _leave_signals_to_the_trainer(worker: int) -> None:
    # Schedulers signal every process of a job. The trainer ends its step and saves, for which it needs its workers;
    # they end with it.
    for name in ("SIGTERM", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def feature_statistics(store: FeatureStore, rows_at_once: int = 65_536) -> tuple[Tensor, Tensor]:
    """Mean and scale of every channel over all frames: two float32 tensors [D].

    The scale is the standard deviation, but at least that of the median channel: a channel that is nearly always zero
    would otherwise be blown up until its rare values made most of the error.
    """
    count = int(store.offsets[-1])
    total = torch.zeros(store.dim, dtype=torch.float64)
    squares = torch.zeros(store.dim, dtype=torch.float64)
    shift = store.gather(np.zeros(1, dtype=np.int64))[0].double()  # near the mean, so that squares do not cancel
    for start in range(0, count, rows_at_once):
        rows = store.gather(np.arange(start, min(start + rows_at_once, count))).double() - shift
        total += rows.sum(0)
        squares += rows.square().sum(0)
    mean = total / count
    variance = (squares / count - mean.square()).clamp_min(0)
    deviation = variance.sqrt()
    return (mean + shift).float(), deviation.clamp_min(deviation.median()).float()


def _open(features: str | Sequence[str], frames: int) -> FeatureStore:
    store = FeatureStore(features)
    short = np.flatnonzero(store.lengths < frames)
    if short.size:
        video = int(short[0])
        raise MaesumError(
            f"{store.path_of(video)}: video '{store.video_ids[video]}' has {store.lengths[video]} frames, wanted at "
            f"least {frames} for a clip (short videos: {short.size}); prepare the set with source.short=drop or pad."
        )
    return store

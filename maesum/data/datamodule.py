"""Load training clips from precomputed features, in batches that do not depend on workers or ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_only
from torch.utils.data import DataLoader

from maesum.config.data import RESIDENCIES
from maesum.data.clips import ClipBatch, ClipDraws, ClipRows, FetchedClips, UnfetchedClips
from maesum.data.feature_files import check_apart
from maesum.data.loading import FeatureLoader
from maesum.data.order import START, ClipBatches, HeldOutBatches
from maesum.data.residency import DeviceFeatures, read_into_host_memory
from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError
from maesum.system.transfer import sent


class ClipDataModule(L.LightningDataModule):
    """Training clips, and held-out ones to watch the reconstruction error on, from files in the features format.

    Args:
        features: files of the training set (see `FeatureStore`).
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        stride: smallest and largest temporal stride of a clip; (1, 8) is the paper's rand(1,8).
        frames: frames of a clip.
        clips_per_video: clips drawn from each video in an epoch (paper, A1: 10 on the summarization benchmarks).
        held_out: files of videos to validate on, or None.
        held_out_clips_per_video: clips drawn from each held-out video.
        workers: processes that load batches; 0 = the training process itself.
        seed: seed of the clips, their order and their masks.
        residency: where the features of the training set reside: "disk" maps the files; "host" also reads them into
            memory once from end to end; "device" splits them over the memory of the devices that train.

    Raises:
        MaesumError: files cannot be read, videos are shorter than a clip, held-out videos are in the training set, or
            the residency is unknown; before training also: the set does not fit into its memory.
    """

    def __init__(
        self,
        features: str | Sequence[str],
        batch_size: int = 128,
        stride: tuple[int, int] = (1, 8),
        frames: int = 30,
        clips_per_video: int = 1,
        held_out: str | Sequence[str] | None = None,
        held_out_clips_per_video: int = 4,
        workers: int = 0,
        seed: int = 0,
        residency: str = "disk",
    ) -> None:
        super().__init__()
        if residency not in RESIDENCIES:
            raise MaesumError(f"data.residency is {residency!r}, wanted one of {', '.join(RESIDENCIES)}.")
        self.batch_size, self.stride, self.frames, self.seed = batch_size, stride, frames, seed
        self.clips_per_video, self.held_out_clips_per_video = clips_per_video, held_out_clips_per_video
        self.workers, self.residency = workers, residency
        self._on_device: DeviceFeatures | None = None
        self.start = START  # set before training by `maesum.training.resuming` when resuming
        self.store = _open(features, frames)
        self.held_out = _open(held_out, frames) if held_out else None
        if self.held_out is not None and self.held_out.dim != self.store.dim:
            raise MaesumError(
                f"{self.held_out.paths[0]}: features are {self.held_out.dim} wide, but {self.store.paths[0]} has "
                f"{self.store.dim}."
            )
        if self.held_out is not None:
            check_apart(self.store, self.held_out)

    def setup(self, stage: str) -> None:
        """Load the training features into their memory; the trainer's devices are known by now."""
        if stage == "fit" and self.residency == "host":
            read_into_host_memory(self.store)
        if stage == "fit" and self.residency == "device":
            device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
            self._on_device = DeviceFeatures(self.store, device, *self._rank())

    def teardown(self, stage: str) -> None:
        """Free the devices' memory."""
        if stage == "fit":
            self._on_device = None

    def train_dataloader(self) -> DataLoader[ClipBatch] | DataLoader[ClipRows]:
        """Return the loader of this rank's training batches; with residency="device", of the rows of all ranks'."""
        rank, ranks = self._rank()
        accumulate = self.trainer.accumulate_grad_batches if self.trainer else 1
        samples = len(self.store) * self.clips_per_video
        fetched_there = self.residency == "device"
        order = ClipBatches(
            samples, self.batch_size, self.seed, None if fetched_there else rank, ranks, accumulate, self.start
        )
        drawn = self._drawn(order, self.store, self.seed)
        if fetched_there:
            return FeatureLoader(UnfetchedClips(), drawn, self.store, workers=0)
        return FeatureLoader(FetchedClips(self.store), drawn, self.store, self.workers)

    def val_dataloader(self) -> DataLoader[ClipBatch] | list:
        """Return the loader of held-out batches for this rank; an empty list without a held-out set."""
        if self.held_out is None:
            return []
        samples = len(self.held_out) * self.held_out_clips_per_video
        order = HeldOutBatches(samples, self.batch_size, *self._rank())
        # A seed of its own, so that held-out clips do not depend on the training seed.
        drawn = self._drawn(order, self.held_out, seed=0)
        return FeatureLoader(FetchedClips(self.held_out), drawn, self.held_out, self.workers)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Move a batch to this rank's device, or fetch it there."""
        if not isinstance(batch, ClipRows):
            return super().transfer_batch_to_device(batch, device, dataloader_idx)
        assert self._on_device is not None, "setup comes first"
        rank, ranks = self._rank()
        own = len(batch.rows) // ranks
        here = slice(rank * own, (rank + 1) * own)
        noise, rows = (sent(part[here], device) for part in (batch.mask_noise, batch.rows))
        return ClipBatch(self._on_device.gather(batch.rows), noise, rows)

    def _rank(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _drawn(self, order: ClipBatches | HeldOutBatches, store: FeatureStore, seed: int) -> ClipDraws:
        return ClipDraws(order, store, self.stride, self.frames, seed)


def _open(features: str | Sequence[str], frames: int) -> FeatureStore:
    """Open a set to draw clips from; prints which files each pattern matched."""
    store = FeatureStore(features)
    for line in store.describe_patterns():
        rank_zero_only(print)(line)
    short = np.flatnonzero(store.lengths < frames)
    if short.size:
        video = int(short[0])
        raise MaesumError(
            f"{store.path_of(video)}: video '{store.video_ids[video]}' has {store.lengths[video]} frames, wanted at "
            f"least {frames} for a clip (short videos: {short.size}); prepare the set with source.short=drop or pad."
        )
    return store

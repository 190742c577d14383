"""Load clips for action recognition: random labelled clips to train on, clips spread over a video to test on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import lightning as L
import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from maesum.data import sampling
from maesum.data.feature_files import check_apart
from maesum.data.loading import FeatureLoader
from maesum.data.order import START, ClipAddress, ClipBatches, HeldOutBatches
from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError


class LabelledBatch(NamedTuple):
    """B videos, C clips of each (1 in training), T frames a clip, D features wide."""

    frames: Tensor  # [B, C, T, D] in the stored dtype
    labels: Tensor  # [B] int64


class LabelledClips(Dataset[LabelledBatch]):
    """Turns a batch address into labelled clips.

    Args:
        labels: [videos] int64.
        spread: clips spread uniformly over each video; None = one drawn at random.
    """

    def __init__(
        self,
        store: FeatureStore,
        labels: np.ndarray,
        stride: tuple[int, int],
        frames: int,
        seed: int,
        spread: int | None,
    ) -> None:
        self.store, self.labels, self.stride, self.frames = store, labels, stride, frames
        self.seed, self.spread = seed, spread

    def __getitem__(self, address: ClipAddress) -> LabelledBatch:
        video = address.samples % len(self.store)
        lengths = self.store.lengths[video]
        if self.spread is None:
            index = sampling.clips(self.seed, address.epoch, address.samples, lengths, self.stride, self.frames)[
                :, None
            ]
        else:
            index = spread_clips(lengths, self.stride, self.frames, self.spread)
        rows = self.store.offsets[video][:, None, None] + index  # [B, C, T]
        return LabelledBatch(self.store.gather(rows), torch.from_numpy(self.labels[video]))


def spread_clips(lengths: np.ndarray, stride: tuple[int, int], frames: int, clips: int) -> np.ndarray:
    """Return clips whose starts are spread evenly from a video's first frame to the last possible start (paper, A1).

    Args:
        lengths: [B] int, frames of each video, at least `frames`.
        stride: temporal stride of the clips; the middle of a range. Where it does not fit a video, the largest that
            fits is taken.

    Returns:
        frame_index [B, clips, frames] int64.
    """
    lowest, highest = stride
    lengths = np.asarray(lengths, dtype=np.int64)
    step = np.minimum((lowest + highest) // 2, (lengths - 1) // (frames - 1))  # [B]
    last_start = lengths - 1 - (frames - 1) * step  # [B]
    share = np.linspace(0, 1, clips) if clips > 1 else np.array([0.5])
    starts = np.round(last_start[:, None] * share).astype(np.int64)  # [B, clips]
    return starts[:, :, None] + step[:, None, None] * np.arange(frames)


class LabelledDataModule(L.LightningDataModule):
    """Labelled clips from two sets of features.

    Args:
        features: the training set, with labels.
        held_out: the test set, with labels.
        batch_size: clips of one optimiser step, over all ranks and accumulation steps.
        stride: smallest and largest temporal stride of a clip.
        clips_per_video: clips drawn from each training video in an epoch.
        test_clips: clips spread uniformly over each test video.

    Attributes:
        classes: the labels of the training set, sorted; class number i has the label classes[i].

    Raises:
        MaesumError: files have no labels, a test label is not in the training set, videos are shorter than a clip, a
            number of clips is below 1, or test videos are in the training set.
    """

    def __init__(
        self,
        features: str | Sequence[str],
        held_out: str | Sequence[str],
        batch_size: int = 128,
        stride: tuple[int, int] = (2, 2),
        frames: int = 30,
        clips_per_video: int = 1,
        test_clips: int = 4,
        workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, count in (
            ("batch_size", batch_size),
            ("clips_per_video", clips_per_video),
            ("test_clips", test_clips),
        ):
            if count < 1:
                raise MaesumError(f"{name} is {count}, wanted at least 1.")
        self.batch_size, self.stride, self.frames, self.seed = batch_size, stride, frames, seed
        self.clips_per_video, self.test_clips, self.workers = clips_per_video, test_clips, workers
        self.store, self.held_out = FeatureStore(features), FeatureStore(held_out)
        for store in (self.store, self.held_out):
            _check_lengths(store, frames)
            for line in store.describe_patterns():
                rank_zero_only(print)(line)
        check_apart(self.store, self.held_out)
        self.classes = sorted(set(_labels(self.store)))
        # numbered now, so that an unknown test label is refused before training and not when the test begins
        self._training_labels, self._held_out_labels = self._numbered(self.store), self._numbered(self.held_out)
        self.start = START  # set before training by `maesum.training.resuming` when resuming

    def train_dataloader(self) -> DataLoader[LabelledBatch]:
        """Return a loader of random clips for this rank."""
        rank, ranks = self._rank()
        accumulate = self.trainer.accumulate_grad_batches if self.trainer else 1
        samples = len(self.store) * self.clips_per_video
        order = ClipBatches(samples, self.batch_size, self.seed, rank, ranks, accumulate, self.start)
        return self._loader(self.store, self._training_labels, order, spread=None)

    def test_dataloader(self) -> DataLoader[LabelledBatch]:
        """Return a loader of all test videos, each once, distributed over the ranks."""
        rank, ranks = self._rank()
        videos_at_once = max(1, self.batch_size // self.test_clips)
        order = HeldOutBatches(len(self.held_out), videos_at_once, rank, ranks)
        return self._loader(self.held_out, self._held_out_labels, order, spread=self.test_clips)

    def _rank(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _numbered(self, store: FeatureStore) -> np.ndarray:
        """Return the class number of each video, its index in `classes`: [videos] int64."""
        number_of = {label: number for number, label in enumerate(self.classes)}
        labels = _labels(store)
        unknown = next((number for number, label in enumerate(labels) if label not in number_of), None)
        if unknown is not None:
            raise MaesumError(
                f"{store.path_of(unknown)}: label '{labels[unknown]}' of video '{store.video_ids[unknown]}' is not "
                f"among the {len(number_of)} of {self.store.paths[0]}; name sets of the same classes."
            )
        return np.array([number_of[label] for label in labels], dtype=np.int64)

    def _loader(
        self, store: FeatureStore, labels: np.ndarray, batches: Sampler[ClipAddress], spread: int | None
    ) -> DataLoader[LabelledBatch]:
        clips = LabelledClips(store, labels, self.stride, self.frames, self.seed, spread)
        return FeatureLoader(clips, batches, store, self.workers)


def _labels(store: FeatureStore) -> list[str]:
    if store.labels is None:
        raise MaesumError(
            f"{store.paths[0]}: has no dataset 'labels', wanted the class of every video; extract it with ids= of a "
            "list that holds classes."
        )
    return store.labels


def _check_lengths(store: FeatureStore, frames: int) -> None:
    short = np.flatnonzero(store.lengths < frames)
    if short.size:
        video = int(short[0])
        raise MaesumError(
            f"{store.path_of(video)}: video '{store.video_ids[video]}' has {store.lengths[video]} frames, wanted at "
            f"least {frames} for a clip (short videos: {short.size}); prepare the set with source.short=drop or pad."
        )

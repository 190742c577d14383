"""Whole videos to train on, one a step, for methods that score a video at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from maesum.data import sampling
from maesum.data.order import START, Position
from maesum.data.store import FeatureStore


class VideoDraw(NamedTuple):
    """One video, and random numbers for whatever a method draws of it."""

    video: int
    features: Tensor  # [n, D] float32, every k-th frame
    noise: Tensor  # [draws, n] float32, uniform in [0, 1)


class WholeVideos(Dataset[VideoDraw]):
    """Turns (epoch, video number) into a video with its random numbers, which follow from (seed, epoch, video) alone.

    Args:
        every: keep every k-th frame.
        draws: random numbers for each kept frame.
    """

    def __init__(self, store: FeatureStore, video_ids: Sequence[str], every: int, draws: int, seed: int) -> None:
        self.store, self.video_ids, self.every = store, list(video_ids), every
        self.draws, self.seed = draws, seed

    def __len__(self) -> int:
        return len(self.video_ids)

    def features(self, video: int) -> Tensor:
        """Return the kept frames of video number `video`: [n, D] float32."""
        return self.store[self.video_ids[video]][:: self.every].float()

    def __getitem__(self, address: tuple[int, int]) -> VideoDraw:
        epoch, video = address
        features = self.features(video)
        noise = np.random.default_rng((self.seed, epoch, video)).random((self.draws, len(features)))
        return VideoDraw(video, features, torch.from_numpy(noise.astype(np.float32)))


class VideoOrder(Sampler[tuple[int, int]]):
    """Every video once an epoch, in a random order that follows from (seed, epoch)."""

    def __init__(self, videos: int, seed: int, start: Position = START) -> None:
        self.videos, self.seed, self.epoch, self.start = videos, seed, start.epoch, start

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.videos

    def __iter__(self) -> Iterator[tuple[int, int]]:
        first = self.start.batch if self.epoch == self.start.epoch else 0
        order = sampling.epoch_order(self.seed, self.epoch, self.videos)[first:]
        return ((self.epoch, video) for video in order.tolist())


class VideoDataModule(L.LightningDataModule):
    """`WholeVideos` as Lightning takes them, one video a step."""

    def __init__(self, videos: WholeVideos) -> None:
        super().__init__()
        self.videos = videos
        self.start = START  # set before training by whoever resumes one

    def train_dataloader(self) -> DataLoader[VideoDraw]:
        """Return the videos, in each epoch's order."""
        return DataLoader(
            self.videos, batch_size=None, sampler=VideoOrder(len(self.videos), self.videos.seed, self.start)
        )

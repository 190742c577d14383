"""Training DR-DSN (Zhou et al. 2018) on a benchmark's videos, one network for each split, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from maesum.data import sampling
from maesum.data.order import START, Position
from maesum.data.store import FeatureStore
from maesum.models.drdsn import DeepSummarizer, VideoReward, policy_loss

_BASELINE_MEMORY = 0.9  # of the moving average of a video's rewards


@dataclass
class DrDsnSettings:
    """What DR-DSN is trained with; defaults are its paper's.

    Attributes:
        hidden: LSTM units in each direction.
        episodes: summaries drawn of a video at every step.
        every: keep every k-th frame; the method works at 2 frames a second.
        temporal_distance: kept frames further apart than this count as wholly different.
        selected_share: the share of selected frames that the length regulariser pulls towards.
        length_weight: weight of that regulariser.
        learning_rate: of Adam.
        weight_decay: L2 penalty on all weights.
    """

    hidden: int = 256
    episodes: int = 5
    every: int = 15
    temporal_distance: int = 20
    selected_share: float = 0.5
    length_weight: float = 0.01
    learning_rate: float = 1e-5
    weight_decay: float = 1e-5


class VideoDraw(NamedTuple):
    """One video and the random numbers that decide which summaries of it are drawn."""

    video: int
    features: Tensor  # [n, D] float32, every k-th frame
    noise: Tensor  # [episodes, n] float32, uniform in [0, 1)


class WholeVideos(Dataset[VideoDraw]):
    """Turns (epoch, video number) into a video with its draws, which follow from (seed, epoch, video) alone."""

    def __init__(self, store: FeatureStore, video_ids: Sequence[str], every: int, episodes: int, seed: int) -> None:
        self.store, self.video_ids, self.every = store, list(video_ids), every
        self.episodes, self.seed = episodes, seed

    def __len__(self) -> int:
        return len(self.video_ids)

    def features(self, video: int) -> Tensor:
        """The kept frames of video number `video`: [n, D] float32."""
        return self.store[self.video_ids[video]][:: self.every].float()

    def __getitem__(self, address: tuple[int, int]) -> VideoDraw:
        epoch, video = address
        features = self.features(video)
        noise = np.random.default_rng((self.seed, epoch, video)).random((self.episodes, len(features)))
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
        """The videos, in each epoch's order."""
        return DataLoader(
            self.videos, batch_size=None, sampler=VideoOrder(len(self.videos), self.videos.seed, self.start)
        )


class DrDsn(L.LightningModule):
    """Trains one `DeepSummarizer` for each split on the videos that the split does not test on.

    Their losses are summed; no weight is shared, so each network trains as if it were alone.

    Logged: `train/loss`, `train/reward` (the mean over networks and episodes).

    Args:
        feature_dim: width of the features.
        training_videos: the numbers of the videos that each network trains on.
        settings: fields of `DrDsnSettings`.
    """

    def __init__(
        self, feature_dim: int, training_videos: list[list[int]], settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.save_hyperparameters()  # plain values only: the safe loader reads them back
        self.settings = DrDsnSettings(**(settings or {}))
        self.networks = torch.nn.ModuleList(DeepSummarizer(feature_dim, self.settings.hidden) for _ in training_videos)
        self.training_videos = [set(videos) for videos in training_videos]
        count = 1 + max(video for videos in training_videos for video in videos)
        self.register_buffer("baseline", torch.zeros(len(training_videos), count))  # moving average of rewards
        self.baseline: Tensor

    def training_step(self, batch: VideoDraw, batch_index: int) -> Tensor | None:
        reward_of = VideoReward(batch.features, self.settings.temporal_distance)
        members = [number for number, videos in enumerate(self.training_videos) if batch.video in videos]
        if not members:
            return None  # every split tests on this video
        losses, rewards = zip(*(self._network_loss(number, batch, reward_of) for number in members), strict=True)
        loss = torch.stack(losses).sum()
        self.log("train/loss", loss / len(members), batch_size=1)
        self.log("train/reward", torch.stack(rewards).mean(), batch_size=1)
        return loss

    def _network_loss(self, number: int, batch: VideoDraw, reward_of: VideoReward) -> tuple[Tensor, Tensor]:
        """The loss of one network on one video, and the mean reward of the summaries that it drew."""
        probability = self.networks[number](batch.features)  # [n]
        selected = batch.noise < probability.detach()  # [M, n]
        rewards = torch.stack([reward_of(summary) for summary in selected])  # [M]
        loss = policy_loss(probability, selected, rewards - self.baseline[number, batch.video])
        length = (probability.mean() - self.settings.selected_share).square()
        mean = rewards.mean()
        old = self.baseline[number, batch.video]
        self.baseline[number, batch.video] = _BASELINE_MEMORY * old + (1 - _BASELINE_MEMORY) * mean
        return loss + self.settings.length_weight * length, mean

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        for network in self.networks:
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)

    def build_optimizer(self) -> torch.optim.Optimizer:
        """A fresh optimiser of the weights of all networks."""
        settings = self.settings
        return torch.optim.Adam(self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return self.build_optimizer()

"""DR-DSN (Zhou et al. 2018): a bidirectional LSTM trained by reinforcement, one network for each split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from maesum.config.fields import setting
from maesum.config.methods import VideoSettings
from maesum.methods.by_split import SplitTraining, VideoDraw, video_method
from maesum.models.drdsn import DeepSummarizer, VideoReward, policy_loss

_BASELINE_MEMORY = 0.9  # of the moving average of a video's rewards


@dataclass
class DrDsnSettings(VideoSettings):
    """What DR-DSN is trained with; defaults are its paper's, which works at 2 frames a second."""

    draws: int = setting(5, "summaries drawn of a video at every step: the paper's episodes", at_least=1)
    hidden: int = setting(256, "LSTM units in each direction", at_least=1)
    temporal_distance: int = setting(20, "kept frames further apart than this count as wholly different", at_least=0)
    selected_share: float = setting(
        0.5, "the share of selected frames that the length regulariser pulls towards", at_least=0, at_most=1
    )
    length_weight: float = setting(0.01, "weight of that regulariser", at_least=0)
    learning_rate: float = setting(1e-5, "of Adam", above=0)
    weight_decay: float = setting(1e-5, "L2 penalty on all weights", at_least=0)


class DrDsn(SplitTraining):
    """Trains one `DeepSummarizer` for each split; see `SplitTraining` for the arguments.

    Logged: `train/loss`, `train/reward` (the mean over networks and draws).
    """

    settings_type: ClassVar[type[VideoSettings]] = DrDsnSettings
    reference: ClassVar[str] = (
        "Kaiyang Zhou, Yu Qiao, Tao Xiang: Deep Reinforcement Learning for Unsupervised Video Summarization with "
        "Diversity-Representativeness Reward. AAAI 2018"
    )
    settings: DrDsnSettings

    def __init__(
        self, feature_dim: int, training_videos: list[list[int]], settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__(feature_dim, training_videos, settings)
        count = 1 + max(video for videos in training_videos for video in videos)
        self.register_buffer("baseline", torch.zeros(len(training_videos), count))  # moving average of rewards
        self.baseline: Tensor

    def build_network(self, feature_dim: int) -> DeepSummarizer:
        return DeepSummarizer(feature_dim, self.settings.hidden)

    def losses(self, batch: VideoDraw, members: list[int]) -> tuple[list[Tensor], dict[str, Tensor]]:
        reward_of = VideoReward(batch.features, self.settings.temporal_distance)
        losses, rewards = zip(*(self._network_loss(number, batch, reward_of) for number in members), strict=True)
        return list(losses), {"reward": torch.stack(rewards).mean()}

    def _network_loss(self, number: int, batch: VideoDraw, reward_of: VideoReward) -> tuple[Tensor, Tensor]:
        """The loss of one network on one video, and the mean reward of the summaries that it drew."""
        probability = self.networks[number](batch.features)  # [n]
        noise = batch.uniform(self.settings.draws, len(probability))
        selected = noise < probability.detach()  # [draws, n]
        rewards = torch.stack([reward_of(summary) for summary in selected])  # [draws]
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


METHOD = video_method(DrDsn)

"""DR-DSN (Zhou, Qiao and Xiang, AAAI 2018): a bidirectional LSTM trained by reinforcement, one network for each split.

Published: F1 of TVSum and SumMe over 5 random splits of the authors, on GoogLeNet pool5 features. The tau and rho that
Table 3 quotes are others' runs of the released code (Otani et al. 2019; Saquil et al. 2021, who train 2000 epochs).

`method.formula=released`, the default, is the authors' code, github.com/KaiyangZhou/pytorch-vsumm-reinforce:

- features of unit length, every 15th frame (the authors' files hold such features; here they are scaled);
- the reward is half the diversity plus half the representativeness, the latter with *squared* distances;
- the losses of 5 episodes are summed, each with its mean log-probability of a frame; .01 (mean p - .5)^2 is added once;
- a baseline for each video, 0 at first, moves a tenth of the way to the mean reward of the 5 episodes after each step;
- Adam at 1e-5, L2 penalty 1e-5 on all weights, gradients clipped at 5; PyTorch's initialisation;
- 60 epochs at one rate: the code makes a scheduler (a tenth after 30 epochs), but never steps it.

`method.formula=paper` follows the equations as they are usually quoted (read the paper before citing a result of it):
plain distances, the whole sum of both rewards, the mean over episodes of the sum over frames, the squares of weights
penalised (twice the gradient), no clipping. The paper is silent on initialisation and on how fast the baseline moves;
here they are as in the released code.

What differs from both: features, splits and evaluator are ours; the order of videos and the draws follow from our seed;
the paper's early stopping, when the reward stands still for 10 epochs, is in neither; frames of zeros are unlike all
others, where the released code gets NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from maesum.config.fields import setting
from maesum.config.methods import VideoSettings
from maesum.methods.by_split import SplitTraining, VideoDraw, video_method
from maesum.models.drdsn import FORMULAS, DeepSummarizer, UnitLength, policy_loss, rewards

_BASELINE_MEMORY = 0.9  # of the moving average of a video's rewards


@dataclass
class DrDsnSettings(VideoSettings):
    """Settings of DR-DSN; defaults are those of its released code."""

    formula: str = setting(
        "released",
        "reward and loss as the released code computes them, or as the paper's equations say",
        choices=("released", "paper"),
    )
    draws: int = setting(5, "summaries drawn of a video at every step: the paper's episodes", at_least=1)
    hidden: int = setting(256, "LSTM units in each direction", at_least=1)
    temporal_distance: int = setting(20, "kept frames further apart than this count as wholly different", at_least=0)
    selected_share: float = setting(
        0.5, "the share of selected frames that the length regulariser pulls towards", at_least=0, at_most=1
    )
    length_weight: float = setting(0.01, "weight of the length regulariser in the loss", at_least=0)
    learning_rate: float = setting(1e-5, "learning rate of Adam", above=0)
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
        self.formula = FORMULAS[self.settings.formula]

    def build_network(self, feature_dim: int) -> nn.Module:
        return nn.Sequential(UnitLength(), DeepSummarizer(feature_dim, self.settings.hidden))

    def losses(self, batch: VideoDraw, members: list[int]) -> tuple[list[Tensor], dict[str, Tensor]]:
        settings, noise = self.settings, batch.uniform(self.settings.draws, len(batch.features))
        probabilities = [self.networks[number](batch.features) for number in members]  # [n] each
        summaries = torch.cat([noise < probability.detach() for probability in probabilities])
        # The summaries of all networks at once, so that the distances of frames, which cost most, are computed once.
        earned = rewards(UnitLength()(batch.features), summaries, settings.temporal_distance, self.formula)
        losses = []
        for number, probability, selected, reward in zip(
            members, probabilities, summaries.split(settings.draws), earned.split(settings.draws), strict=True
        ):
            usual = self.baseline[number, batch.video].clone()
            length = (probability.mean() - settings.selected_share).square()
            policy = policy_loss(probability, selected, reward - usual, self.formula)
            losses.append(policy + settings.length_weight * length)
            self.baseline[number, batch.video] = _BASELINE_MEMORY * usual + (1 - _BASELINE_MEMORY) * reward.mean()
        return losses, {"reward": earned.mean()}

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        if self.formula.clip is not None:
            for network in self.networks:
                torch.nn.utils.clip_grad_norm_(network.parameters(), self.formula.clip)

    def build_optimizer(self) -> torch.optim.Optimizer:
        """Make a fresh Adam over the weights of all networks."""
        settings = self.settings
        decay = settings.weight_decay * self.formula.decay_factor
        return torch.optim.Adam(self.parameters(), lr=settings.learning_rate, weight_decay=decay)


METHOD = video_method(DrDsn)

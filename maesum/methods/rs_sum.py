"""RS-SUM (Abbasi and Saeedi, ICIP 2023): restores masked frames of whole videos, and scores by how well it does.

maesum/models/rs_sum.py has the network, the masking and the scoring, and what could not be confirmed of each.
As in the released code, github.com/mehryar72/RS-SUM: sequences of 128 frames, 85 % masked in windows of 8; AdamW at
1e-2 with PyTorch's weight decay of .01, gradients clipped at 5; 250 epochs; the learning rate rises from 0 over 100 of
them, then follows a cosine of 900. A training of few epochs wants method.warmup_epochs=0, or it learns nothing.

What differs: its batches are of 256 sequences, and the 40 videos of a split of TVSum have fewer, so here one update an
epoch takes the mean over videos of the mean over their sequences, however many. It cuts more sequences from a video,
shifted and thinned. It keeps the epoch with the least restoration loss on the test videos; here the last weights count.
Features come as they are; the public files that it reads hold such of unit length. It reads shots as well, and masks
with regard to these. Splits and evaluator are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from maesum.config.fields import setting
from maesum.config.methods import VideoSettings
from maesum.methods.by_split import AccumulatedSplitTraining, VideoDraw, video_method
from maesum.models.rs_sum import Restorer, corrupt, importance, restoration_errors, window_mask
from maesum.system.errors import MaesumError

_HEADS = 8
_COSINE_EPOCHS = 900  # 4 times 250 epochs, less the warm-up


@dataclass
class RsSumSettings(VideoSettings):
    """What RS-SUM is trained with, and how it scores."""

    width: int = setting(
        512, "inner width of the network, 8 for each head of attention or a multiple of that", at_least=8
    )
    length: int = setting(128, "kept frames of a sequence", at_least=2)
    masked_share: float = setting(0.85, "share of a sequence that training masks", above=0, at_most=1)
    window: int = setting(8, "kept frames of a window, which is masked as a whole", at_least=1)
    passes: int = setting(100, "how often scoring deals the frames into groups", at_least=1)
    group_share: float = setting(0.15, "share of a sequence that scoring masks at a time", above=0, at_most=0.5)
    learning_rate: float = setting(1e-2, "of AdamW", above=0)
    warmup_epochs: int = setting(100, "epochs in which the learning rate rises from 0", at_least=0)
    weight_decay: float = setting(1e-2, "of AdamW", at_least=0)
    clip: float = setting(5.0, "largest norm of the gradient of an update", above=0)


class RestorationScorer(nn.Module):
    """A `Restorer` that scores the frames of a video; see `maesum.models.rs_sum.importance`."""

    def __init__(self, restorer: Restorer, length: int, passes: int, group_share: float) -> None:
        super().__init__()
        self.restorer, self.length, self.passes, self.group_share = restorer, length, passes, group_share

    def forward(self, features: Tensor) -> Tensor:
        """features [n, D] -> importance [n]."""
        return importance(self.restorer, features, self.length, self.passes, self.group_share)


class RsSumTraining(AccumulatedSplitTraining):
    """Trains one `Restorer` for each split; see `SplitTraining` for the arguments."""

    settings_type: ClassVar[type[VideoSettings]] = RsSumSettings
    reference: ClassVar[str] = (
        "Mehryar Abbasi, Parvaneh Saeedi: Adopting Self-Supervised Learning into Unsupervised Video Summarization "
        "through Restorative Score. ICIP 2023"
    )
    settings: RsSumSettings

    def build_network(self, feature_dim: int) -> nn.Module:
        chosen = self.settings
        if chosen.width % _HEADS:
            raise MaesumError(f"method.width is {chosen.width}, wanted a multiple of {_HEADS}, the heads of attention.")
        restorer = Restorer(feature_dim, chosen.width, _HEADS)
        return RestorationScorer(restorer, chosen.length, chosen.passes, chosen.group_share)

    def loss(self, number: int, batch: VideoDraw) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean error of masked frames over the sequences of a video."""
        restorer = self.networks[number].restorer
        assert isinstance(restorer, Restorer)
        losses = []
        for part, frames in enumerate(batch.features.split(self.settings.length)):
            windows = -(-len(frames) // self.settings.window)
            noise = batch.uniform(2 * len(frames) + windows, stream=part)
            masked = window_mask(noise[:windows], self.settings.masked_share, self.settings.window)[: len(frames)]
            happens, others = noise[windows:].chunk(2)
            changed = corrupt(frames, masked, happens, others)
            restored = restorer(changed[None])[0]
            losses.append(restoration_errors(restored, frames)[masked].mean())
        return torch.stack(losses).mean(), {}

    def rate_factor(self, epoch: int) -> float:
        """Rise linearly, then follow a cosine that reaches 0 after `_COSINE_EPOCHS`, all an epoch late as released."""
        late, warmup = max(epoch - 1, 0), self.settings.warmup_epochs
        if late < warmup:
            return late / warmup
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (late - warmup) / _COSINE_EPOCHS)))

    def videos_per_update(self, number: int) -> int:
        return len(self.training_videos[number])  # an epoch

    def before_update(self, number: int) -> None:
        for weight in self.networks[number].parameters():
            assert weight.grad is not None
            weight.grad /= self.videos_per_update(number)
        torch.nn.utils.clip_grad_norm_(self.networks[number].parameters(), self.settings.clip)

    def network_optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        settings = self.settings
        return torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)


METHOD = video_method(RsSumTraining)

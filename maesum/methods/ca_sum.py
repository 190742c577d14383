"""CA-SUM (Apostolidis et al., ICMR 2022): attention within blocks of a video, trained on the length of summaries alone.

maesum/models/ca_sum.py has the network, what is published, and how the released code reads where the paper is silent.
As there: one update an epoch, from the summed gradients of all training videos, clipped at a norm of 5; Adam at 5e-4
with an L2 penalty of 1e-5; 400 epochs. Features are scaled to unit length: attention is not scaled, so their length
matters, and the public files that the released code reads hold such features; it scales nothing itself.

What differs: features, splits and evaluator are ours; sigma is one setting, where the published results choose it, and
the epoch, for each split; here the weights after the last epoch count. The order of videos follows from our seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from maesum.config.fields import setting
from maesum.config.methods import VideoSettings
from maesum.methods.by_split import AccumulatedSplitTraining, VideoDraw, video_method
from maesum.models.ca_sum import CaSum, length_loss
from maesum.models.drdsn import UnitLength


@dataclass
class CaSumSettings(VideoSettings):
    """What CA-SUM is trained with; defaults are those of its released code."""

    block_size: int = setting(60, "kept frames of a block of attention", at_least=1)
    sigma: float = setting(0.6, "the mean importance that training pulls every video to", above=0, at_most=1)
    dropout: float = setting(0.5, "share of numbers dropped in training", at_least=0, at_most=0.99)
    learning_rate: float = setting(5e-4, "of Adam", above=0)
    weight_decay: float = setting(1e-5, "L2 penalty on all weights", at_least=0)
    clip: float = setting(5.0, "largest norm of the gradient of an update", above=0)


class CaSumTraining(AccumulatedSplitTraining):
    """Trains one `CaSum` for each split; see `SplitTraining` for the arguments."""

    settings_type: ClassVar[type[VideoSettings]] = CaSumSettings
    reference: ClassVar[str] = (
        "Evlampios Apostolidis, Georgios Balaouras, Vasileios Mezaris, Ioannis Patras: Summarizing Videos using "
        "Concentrated Attention and Considering the Uniqueness and Diversity of the Video Frames. ICMR 2022"
    )
    settings: CaSumSettings

    def build_network(self, feature_dim: int) -> nn.Module:
        return nn.Sequential(UnitLength(), CaSum(feature_dim, self.settings.block_size, self.settings.dropout))

    def loss(self, number: int, batch: VideoDraw) -> tuple[Tensor, dict[str, Tensor]]:
        scaling, network = self.networks[number].children()
        generator = torch.Generator().manual_seed(batch.seed)  # on the CPU, so that any device drops the same
        importance = network(scaling(batch.features), generator)
        return length_loss(importance, self.settings.sigma), {"importance": importance.detach().mean()}

    def videos_per_update(self, number: int) -> int:
        return len(self.training_videos[number])  # an epoch

    def before_update(self, number: int) -> None:
        torch.nn.utils.clip_grad_norm_(self.networks[number].parameters(), self.settings.clip)

    def network_optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        settings = self.settings
        return torch.optim.Adam(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)


METHOD = video_method(CaSumTraining)

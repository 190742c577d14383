"""dppLSTM (Zhang et al., ECCV 2016): learns key frames from annotations, by an LSTM and a determinantal point process.

maesum/models/dpp_lstm.py has the network, what is published, and how the released code reads where the paper is silent.
As there: weights start uniform within .02; the loss is the mean squared error of the quality against 1 at key frames
and 0 elsewhere, plus the negative log-likelihood of the set of key frames; Adam at 1e-3; every update takes the mean
gradient of 10 videos, and there are 100 of them. An annotation reaches only networks that are not tested on its video.

Key frames are the kept frames with the highest mean score over annotators, `key_share` of a video, the earlier first
where scores are the same, and never one with the lowest score of its video. This choice is ours: the released code
reads key frames from files that it comes with, which others made of shots; our features and benchmarks need no shots
for it. Its 15 % is the usual length of a summary.

What differs besides: features are scaled to unit length, as the public files of these videos hold them; splits and
evaluator are ours; the paper's validation set and its first stage, which trains the quality alone, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from maesum.config.fields import setting
from maesum.config.methods import VideoSettings
from maesum.methods.by_split import AccumulatedSplitTraining, VideoDraw, video_method
from maesum.models.dpp_lstm import DppLstm, dpp_loss, quality_loss
from maesum.models.drdsn import UnitLength


@dataclass
class DppLstmSettings(VideoSettings):
    """What dppLSTM is trained with; defaults are those of its released code, except for `key_share`."""

    hidden: int = setting(256, "units of the LSTM and of both networks behind it", at_least=1)
    kernel: int = setting(256, "width of the vectors that tell frames apart", at_least=1)
    key_share: float = setting(
        0.15, "the share of kept frames, those that annotators score highest, that are key frames", above=0, at_most=1
    )
    dpp_weight: float = setting(
        1.0, "weight of the likelihood of the key frames beside the quality's error", at_least=0
    )
    videos_per_update: int = setting(10, "videos whose mean gradient makes one update", at_least=1)
    learning_rate: float = setting(1e-3, "of Adam", above=0)


class DppLstmTraining(AccumulatedSplitTraining):
    """Trains one `DppLstm` for each split on its annotations; see `SplitTraining` for the arguments.

    Logged: `train/loss`, and its parts `train/loss_quality` and `train/loss_dpp`.
    """

    settings_type: ClassVar[type[VideoSettings]] = DppLstmSettings
    is_supervised: ClassVar[bool] = True
    reference: ClassVar[str] = (
        "Ke Zhang, Wei-Lun Chao, Fei Sha, Kristen Grauman: Video Summarization with Long Short-term Memory. ECCV 2016"
    )
    settings: DppLstmSettings

    def build_network(self, feature_dim: int) -> nn.Module:
        network = DppLstm(feature_dim, self.settings.hidden, self.settings.kernel)
        network.initialise()
        return nn.Sequential(UnitLength(), network)

    def loss(self, number: int, batch: VideoDraw) -> tuple[Tensor, dict[str, Tensor]]:
        assert batch.user_scores is not None  # of every video that a network trains on
        scaling, network = self.networks[number].children()
        assert isinstance(network, DppLstm)
        selected = key_frames(batch.user_scores, self.settings.key_share).to(batch.features.device)
        quality, kernel = network.quality_and_kernel(scaling(batch.features))
        of_quality, of_dpp = quality_loss(quality, selected), dpp_loss(quality, kernel, selected)
        parts = {"loss_quality": of_quality.detach(), "loss_dpp": of_dpp.detach()}
        return of_quality + self.settings.dpp_weight * of_dpp, parts

    def videos_per_update(self, number: int) -> int:
        return self.settings.videos_per_update

    def before_update(self, number: int) -> None:
        for weight in self.networks[number].parameters():
            assert weight.grad is not None
            weight.grad /= self.settings.videos_per_update

    def network_optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(network.parameters(), lr=self.settings.learning_rate)


def key_frames(user_scores: Tensor, share: float) -> Tensor:
    """Choose the frames that annotators score highest.

    Args:
        user_scores: [users, n] float.
        share: of the n frames, at least one; fewer are chosen where no more score above the lowest mean.

    Returns:
        [n] bool.
    """
    mean = user_scores.double().mean(0)
    highest = mean.argsort(descending=True, stable=True)[: max(1, round(share * len(mean)))]
    chosen = torch.zeros(len(mean), dtype=torch.bool, device=mean.device)
    chosen[highest] = True
    return chosen & (mean > mean.min())


METHOD = video_method(DppLstmTraining)

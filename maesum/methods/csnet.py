"""CSNet (Jung et al., AAAI 2019): SUM-GAN with a scorer of chunks and strides, and a loss against flat importance.

What was published and under which protocol, where the paper is silent and what is done there: maesum/models/csnet.py;
what differs from the paper's data and evaluation: maesum/methods/gan_training.py.

There is no released code. Defaults are the paper's: 256 units everywhere, 4 chunks and strides, Adam at 1e-4 for all
parts and a tenth of it after 10 of 20 epochs. Its losses are SUM-GAN's, so their form, sigma and clipping are as in
maesum/methods/sum_gan.py; the weight of the variance loss is not printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from maesum.config.fields import setting
from maesum.config.methods import CsnetSettings, VideoSettings
from maesum.methods.by_split import video_method
from maesum.methods.gan_training import AdversarialTraining
from maesum.models.csnet import ChunkStrideScorer, variance_loss
from maesum.models.recurrent import Scorer

_LOWERED = 0.1  # what the learning rates are multiplied by


@dataclass
class ChunkStrideSettings(CsnetSettings):
    """What CSNet is trained with; defaults are its paper's where it says them, else SUM-GAN's."""

    sequences: int = setting(4, "chunks, and as many strides, that a video is cut into", at_least=1)


class VarianceTraining(AdversarialTraining):
    """Adds CSNet's variance loss to what the scorer minimises, whichever scorer that is; see `AdversarialTraining`.

    Logged besides: `train/loss_scorer_variance`, times its weight.
    """

    settings: CsnetSettings

    def scorer_terms(self, importance: Tensor) -> dict[str, Tensor]:
        return {"variance": self.settings.variance_weight * variance_loss(importance)}

    def rate_factor(self, epoch: int) -> float:
        return _LOWERED if epoch >= self.settings.lower_after else 1.0


class CsnetTraining(VarianceTraining):
    """Trains CSNet; see `VarianceTraining`."""

    settings_type: ClassVar[type[VideoSettings]] = ChunkStrideSettings
    reference: ClassVar[str] = (
        "Yunjae Jung, Donghyeon Cho, Dahun Kim, Sanghyun Woo, In So Kweon: Discriminative Feature Learning for "
        "Unsupervised Video Summarization. AAAI 2019"
    )
    settings: ChunkStrideSettings

    def build_scorer(self) -> Scorer:
        return ChunkStrideScorer(self.settings.hidden, self.settings.hidden, self.settings.sequences)


METHOD = video_method(CsnetTraining)

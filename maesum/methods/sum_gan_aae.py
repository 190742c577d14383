"""SUM-GAN-AAE (Apostolidis et al., MMM 2020): SUM-GAN-sl with an attention autoencoder in place of the variational one.

What was published and under which protocol, where the paper is silent, and what the released code does:
maesum/models/sum_gan_aae.py and maesum/models/sum_gan_training.py; what differs here: maesum/methods/gan_training.py.

Defaults are those of the released code, e-apostolidis/SUM-GAN-AAE: sigma .15, Adam at 1e-4 and for the discriminator at
1e-5, gradients clipped at 5, 100 epochs. `splits=aae` are its test splits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maesum.config.fields import setting
from maesum.config.methods import AdversarialSettings, VideoSettings
from maesum.methods.by_split import video_method
from maesum.methods.gan_training import AdversarialTraining
from maesum.models.recurrent import LstmScorer, Scorer
from maesum.models.sum_gan import Reconstructor
from maesum.models.sum_gan_aae import AttentionAutoencoder


@dataclass
class SumGanAaeSettings(AdversarialSettings):
    """What SUM-GAN-AAE is trained with; defaults are those of its released code."""

    form: str = setting(
        "label",
        "what decoder and discriminator minimise: squared distances to labels, as the released code does; or "
        "logarithms, as in SUM-GAN's paper",
        choices=("log", "label"),
    )
    sigma: float = setting(0.15, "mean importance that sparsity pulls towards", at_least=0, at_most=1)


class SumGanAaeTraining(AdversarialTraining):
    """Trains SUM-GAN-AAE: an LSTM scores, an autoencoder with attention reconstructs; see `AdversarialTraining`."""

    settings_type: ClassVar[type[VideoSettings]] = SumGanAaeSettings
    reference: ClassVar[str] = (
        "Evlampios Apostolidis, Eleni Adamantidou, Alexandros I. Metsai, Vasileios Mezaris, Ioannis Patras: "
        "Unsupervised Video Summarization via Attention-Driven Adversarial Learning. MMM 2020"
    )
    settings: SumGanAaeSettings

    def build_scorer(self) -> Scorer:
        return LstmScorer(self.settings.hidden, self.settings.hidden, self.settings.layers)

    def build_reconstructor(self) -> Reconstructor:
        return AttentionAutoencoder(self.settings.hidden, self.settings.layers)


METHOD = video_method(SumGanAaeTraining)

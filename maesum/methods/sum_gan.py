"""SUM-GAN (Mahasseni, Lam and Todorovic, CVPR 2017), unsupervised: a scorer whose summaries pass for the original.

What was published and under which protocol, where the paper is silent, what others' codes do, and what differs here:
maesum/models/sum_gan.py, maesum/models/sum_gan_training.py and maesum/methods/gan_training.py.

Its authors released no code. Defaults are the paper's losses (`form=log`, sigma .3) and, where it is silent, those of
j-min/Adversarial_Video_Summary: widths of 500, Adam at 1e-4 and for the discriminator at 1e-5, gradients clipped at 5,
50 epochs. That code also lets the discriminator wait for the first 16 videos of every epoch
(`method.discriminator_waits=16`), of which the paper says nothing; a benchmark of 25 videos has few more.
SUM-GAN-sl (Apostolidis et al. 2019) is `method.form=label method.sigma=.1 epochs=100`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maesum.config.methods import AdversarialSettings, VideoSettings
from maesum.methods.by_split import video_method
from maesum.methods.gan_training import AdversarialTraining
from maesum.models.recurrent import LstmScorer, Scorer


@dataclass
class SumGanSettings(AdversarialSettings):
    """What SUM-GAN is trained with; defaults are its paper's, and where it is silent those of j-min's code."""


class SumGanTraining(AdversarialTraining):
    """Trains SUM-GAN: an LSTM scores, a variational autoencoder reconstructs; see `AdversarialTraining`."""

    settings_type: ClassVar[type[VideoSettings]] = SumGanSettings
    reference: ClassVar[str] = (
        "Behrooz Mahasseni, Michael Lam, Sinisa Todorovic: Unsupervised Video Summarization with Adversarial LSTM "
        "Networks. CVPR 2017"
    )
    settings: SumGanSettings

    def build_scorer(self) -> Scorer:
        return LstmScorer(self.settings.hidden, self.settings.hidden, self.settings.layers)


METHOD = video_method(SumGanTraining)

"""GL+RPE on SUM-GAN (Jung et al., ECCV 2020): SUM-GAN whose scorer attends within local and global pieces of a video.

What was published, what is known of the scorer, and what had to be chosen: maesum/models/gl_rpe.py. No code was
released. The paper adds no loss and prints no setting of the training, so all of that is SUM-GAN's
(maesum/methods/sum_gan.py says whose), 50 epochs among it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maesum.config.methods import AdversarialSettings, GlobalLocalSettings, VideoSettings
from maesum.methods.by_split import video_method
from maesum.methods.gan_training import AdversarialTraining
from maesum.models.gl_rpe import GlobalLocalScorer
from maesum.models.recurrent import Scorer


@dataclass
class SumGanGlRpeSettings(GlobalLocalSettings, AdversarialSettings):
    """What GL+RPE on SUM-GAN is trained with; defaults are the paper's where it says them, else SUM-GAN's."""


class SumGanGlRpeTraining(AdversarialTraining):
    """Trains SUM-GAN with the scorer of GL+RPE; see `AdversarialTraining`."""

    settings_type: ClassVar[type[VideoSettings]] = SumGanGlRpeSettings
    reference: ClassVar[str] = (
        "Yunjae Jung, Donghyeon Cho, Sanghyun Woo, In So Kweon: Global-and-Local Relative Position Embedding for "
        "Unsupervised Video Summarization. ECCV 2020"
    )
    settings: SumGanGlRpeSettings

    def build_scorer(self) -> Scorer:
        settings = self.settings
        return GlobalLocalScorer(settings.hidden, settings.scorer_hidden, settings.pieces)


METHOD = video_method(SumGanGlRpeTraining)

"""GL+RPE on CSNet (Jung et al., ECCV 2020): its scorer in place of CSNet's streams, the rest of CSNet as it is.

What was published, what is known of the scorer, and what had to be chosen: maesum/models/gl_rpe.py. What stays of CSNet
is said in maesum/methods/csnet.py: the difference attention, which is added to the scorer's logits, the variance loss
and the training. No code was released, and the paper does not say which settings of CSNet changed; none does here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maesum.config.methods import CsnetSettings, GlobalLocalSettings, VideoSettings
from maesum.methods.by_split import video_method
from maesum.methods.csnet import VarianceTraining
from maesum.models.csnet import WithDifferences
from maesum.models.gl_rpe import GlobalLocalScorer
from maesum.models.recurrent import Scorer


@dataclass
class CsnetGlRpeSettings(GlobalLocalSettings, CsnetSettings):
    """What GL+RPE on CSNet is trained with; defaults are the papers' where they say them, else SUM-GAN's."""


class CsnetGlRpeTraining(VarianceTraining):
    """Trains CSNet with the scorer of GL+RPE; see `VarianceTraining`."""

    settings_type: ClassVar[type[VideoSettings]] = CsnetGlRpeSettings
    reference: ClassVar[str] = (
        "Yunjae Jung, Donghyeon Cho, Sanghyun Woo, In So Kweon: Global-and-Local Relative Position Embedding for "
        "Unsupervised Video Summarization. ECCV 2020"
    )

    settings: CsnetGlRpeSettings

    def build_scorer(self) -> Scorer:
        settings = self.settings
        scorer = GlobalLocalScorer(settings.hidden, settings.scorer_hidden, settings.pieces)
        return WithDifferences(settings.hidden, scorer)


METHOD = video_method(CsnetGlRpeTraining)

"""CTVSUM without training (Pang et al., WACV 2023): a frame counts where it differs from those most like it, yet fits.

maesum/models/ctvsum.py has the criteria, what is published and how the released code reads where the paper is silent.
Nothing is learnt and no annotation is read, so all videos of a benchmark are scored and splits= has no part.

The released code shifts the scores of TVSum and of SumMe differently; `exponential=true`, the default, is TVSum's.
Both shifts leave the order of frames as it is, so tau and rho differ only through the smoothing that comes after.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from maesum.config.fields import setting
from maesum.config.methods import VideoSettings
from maesum.methods.by_split import scoring_method
from maesum.models.ctvsum import importance


@dataclass
class CtvsumSettings(VideoSettings):
    """What the importance of a frame is made of; defaults are those of the released code for TVSum."""

    neighbours: float = setting(
        0.1, "the share of a video's kept frames that are nearest to a frame", above=0, at_most=1
    )
    consistency: bool = setting(True, "whether it also counts how well a frame fits the whole video")
    exponential: bool = setting(True, "exp(score - 1), as released for TVSum, or else score + .05, as for SumMe")
    smoothing: float = setting(
        1.0, "standard deviation, in kept frames, of the Gaussian that smooths scores; 0 = none", at_least=0
    )


class Criteria(nn.Module):
    """Scores frames by `maesum.models.ctvsum.importance`; it has no weights."""

    def __init__(self, settings: CtvsumSettings) -> None:
        super().__init__()
        self.settings = settings

    def forward(self, features: Tensor) -> Tensor:
        """features [n, D] float -> importance [n]."""
        chosen = self.settings
        return importance(features, chosen.neighbours, chosen.consistency, chosen.exponential, chosen.smoothing)


METHOD = scoring_method(
    CtvsumSettings,
    Criteria,
    reference="Zongshang Pang, Yuta Nakashima, Mayu Otani, Hajime Nagahara: Contrastive Losses Are Natural Criteria "
    "for Unsupervised Video Summarization. WACV 2023",
)

"""The importance of every frame: windows around it, its reconstruction from them, and the cosine between the two."""

from maesum.config.scoring import ScoringSettings
from maesum.scoring.targets import Reconstructor
from maesum.scoring.training_free import TRAINING_FREE, evenly_spread
from maesum.scoring.video import frames_to_score, importance, importance_over_ranks

__all__ = [
    "TRAINING_FREE",
    "Reconstructor",
    "ScoringSettings",
    "evenly_spread",
    "frames_to_score",
    "importance",
    "importance_over_ranks",
]

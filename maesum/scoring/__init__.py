"""Score every frame: reconstruct it from the windows around it, and compare the two by their cosine."""

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

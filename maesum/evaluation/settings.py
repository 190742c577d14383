"""What is computed of a scores file, and how strictly it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from maesum.metrics.alignment import MAX_TOLERANCE
from maesum.metrics.averages import Undefined
from maesum.metrics.protocols import PROTOCOLS
from maesum.system.errors import MaesumError

SHOTS = ("auto", "stored", "kts", "uniform")


@dataclass(frozen=True)
class EvaluationSettings:
    """What is computed of a scores file, and how strictly it is read.

    Attributes:
        protocol: a key of `maesum.metrics.PROTOCOLS`, or "all" for every one defined for the benchmark's kind.
        undefined: what means make of undefined correlations: "propagate", "omit" or "zero" (`maesum.metrics.resolve`).
        splits: "none", "paper5", or a JSON file (`maesum.metrics.load_splits`): results per split besides those of all.
        f1: also the F1 of key-shot summaries, and performance over random.
        f1_over: "mean" or "max" over annotators, or "auto": the mean for ratings and for the benchmark named tvsum, the
            maximum for other selections, as the field does.
        highlights: also mAP@50 and mAP@15, of ratings.
        shots: where summaries take their shots from: "stored" with the benchmark, "kts" of the features, "uniform" of
            60 frames, or "auto", the first of these that the benchmark allows.
        score_step: for scores without picks: they belong to every score_step-th frame.
        length_tolerance: pad or crop scores that are at most so many frames too short or too long, 0 to 2.
        allow_extra: accept scores of videos that the benchmark does not have.
        seed: of the random baselines and the bootstrap.

    Raises:
        MaesumError: a value outside these.
    """

    protocol: str = "paper"
    undefined: Undefined = "propagate"
    splits: str = "none"
    f1: bool = False
    f1_over: str = "auto"
    highlights: bool = False
    shots: str = "auto"
    score_step: int = 1
    length_tolerance: int = 0
    allow_extra: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (
            ("protocol", (*PROTOCOLS, "all")),
            ("undefined", get_args(Undefined)),
            ("shots", SHOTS),
            ("f1_over", ("auto", "mean", "max")),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise MaesumError(f"{name}={value} is unknown, wanted one of {', '.join(choices)}.")
        if self.score_step < 1:
            raise MaesumError(f"score_step={self.score_step} is too small, wanted at least 1.")
        if not 0 <= self.length_tolerance <= MAX_TOLERANCE:
            raise MaesumError(f"length_tolerance={self.length_tolerance} is too much, wanted 0 to {MAX_TOLERANCE}.")
        if self.seed < 0:
            raise MaesumError(f"seed={self.seed} is negative, wanted at least 0.")

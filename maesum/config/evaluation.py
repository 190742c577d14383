"""Keys of `python -m maesum.evaluate`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.checking import check_settings
from maesum.config.fields import LARGEST_SEED, setting
from maesum.config.scoring import BenchmarkConfig
from maesum.system.errors import MaesumError

#: The names of `maesum.metrics.protocols.PROTOCOLS`.
PROTOCOL_NAMES = ("paper", "saquil", "casum", "ctvsum", "csta", "msva", "gtscore")
#: The values of shots=.
SHOTS = ("auto", "stored", "kts", "uniform")


@dataclass
class EvaluationInputs:
    """What is evaluated, and where the results go."""

    scores: str = setting(
        MISSING, "a scores file or JSON, a folder of <benchmark>.h5, or that of a run of train or predict", is_text=True
    )
    against: str | None = setting(None, "another of these, for the paired difference", is_text=True)
    out: str = setting(MISSING, "the file for all results; by default metrics.json in the run's folder", is_text=True)
    annotations: str | None = setting(
        None, "a benchmark file of your own, in place of benchmark=; both at once are refused", is_text=True
    )
    features: Any = setting(None, "features of the videos, for shots=kts; by default the benchmark's own", is_text=True)
    feature: str = setting("googlenet", "the frame feature, part of the file names under data_dir: googlenet, resnet50")


@dataclass
class EvaluationSettings:
    """What is computed of a scores file, and how strictly it is read."""

    protocol: str = setting(
        "paper",
        "how tau and rho are computed: paper, saquil, casum, ctvsum, csta, msva, gtscore, or all",
        choices=(*PROTOCOL_NAMES, "all"),
    )
    undefined: str = setting(
        "propagate",
        "what means make of undefined correlations: propagate, omit or zero",
        choices=("propagate", "omit", "zero"),
    )
    splits: str = setting(
        "none", "results of test splits besides those of all videos: none, paper5, aae or a JSON file", is_text=True
    )
    f1: bool = setting(False, "also the F1 of key-shot summaries, and performance over random")
    f1_over: str = setting(
        "auto",
        "mean | max over annotators; auto: as the field does for this benchmark",
        choices=("auto", "mean", "max"),
    )
    highlights: bool = setting(False, "also mAP@50 and mAP@15, of ratings")
    shots: str = setting(
        "auto",
        "where summaries take their shots from: stored with the benchmark, kts of the features, uniform "
        "of 60 frames, or auto, the first of these that the benchmark allows",
        choices=SHOTS,
    )
    score_step: int = setting(1, "15 where scores without picks belong to every 15th frame", at_least=1)
    length_tolerance: int = setting(0, "pad or crop up to so many frames, at most 2", at_least=0, at_most=2)
    allow_extra: bool = setting(False, "accept scores of videos that the benchmark does not have")
    seed: int = setting(0, "of the random baselines and the bootstrap", at_least=0, at_most=LARGEST_SEED)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class EvaluateConfig(EvaluationSettings, EvaluationInputs):
    """What is evaluated, what is computed of it, and how strictly it is read."""

    videos: bool = setting(True, "print the table of single videos")
    data_dir: str = setting(
        MISSING, "where prepared files lie; MAESUM_DATA in the environment sets it too", is_text=True
    )
    demo_dir: str = setting(MISSING, "where the synthetic demo data is made and kept", is_text=True)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)

    def check_rules(self, prefix: str) -> None:
        """Refuse a command that names nothing to evaluate on.

        Raises:
            MaesumError: neither a benchmark nor annotations are given.
        """
        if not self.benchmarks and self.annotations is None:
            raise MaesumError("benchmark=[] names nothing to evaluate on; name at least one, e.g. benchmark=tvsum.")

"""Define the keys of `python -m maesum.evaluate`."""

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
#: The values that shots= takes.
SHOTS = ("auto", "stored", "kts", "uniform")


@dataclass
class EvaluationInputs:
    """Inputs of the evaluation, and where the results go."""

    scores: str = setting(
        MISSING,
        "the scores to evaluate: a scores file or JSON, a folder of <benchmark>.h5 files, or the folder of a run of "
        "train or predict",
        is_text=True,
    )
    against: str | None = setting(
        None, "other scores, in any form that scores= takes; the paired differences to them are computed", is_text=True
    )
    out: str = setting(
        MISSING, "the file to write all results to; by default metrics.json in the run's folder", is_text=True
    )
    annotations: str | None = setting(
        None, "a benchmark file of your own, instead of benchmark=; giving both is refused", is_text=True
    )
    features: Any = setting(
        None, "features of the videos, used by shots=kts; by default those of the benchmark", is_text=True
    )
    feature: str = setting(
        "googlenet", "name of the frame feature in the file names under data_dir, such as googlenet or resnet50"
    )


@dataclass
class EvaluationSettings:
    """Which figures are computed from the scores, and how strictly the scores are checked."""

    protocol: str = setting(
        "paper",
        "how tau and rho are computed: paper, saquil, casum, ctvsum, csta, msva, gtscore, or all",
        choices=(*PROTOCOL_NAMES, "all"),
    )
    undefined: str = setting(
        "propagate",
        "how means treat undefined correlations: propagate (the mean is undefined too), omit, or zero",
        choices=("propagate", "omit", "zero"),
    )
    splits: str = setting(
        "none", "results of test splits besides those of all videos: none, paper5, aae or a JSON file", is_text=True
    )
    f1: bool = setting(False, "also compute the F1 of key-shot summaries, and performance over random")
    f1_over: str = setting(
        "auto",
        "how the F1 is combined over annotators: mean or max; auto: as is usual for the benchmark",
        choices=("auto", "mean", "max"),
    )
    highlights: bool = setting(False, "also compute mAP@50 and mAP@15, for benchmarks of ratings")
    shots: str = setting(
        "auto",
        "the shots that summaries are made of: stored (those in the benchmark file), kts (computed from the features), "
        "uniform (60 frames each), or auto (the first of these that is available)",
        choices=SHOTS,
    )
    score_step: int = setting(
        1, "frames from one score to the next, for scores without picks; 15: one score every 15 frames", at_least=1
    )
    length_tolerance: int = setting(
        0,
        "pad or crop scores that differ in length from the annotations by up to this many frames",
        at_least=0,
        at_most=2,
    )
    allow_extra: bool = setting(False, "accept scores of videos that the benchmark does not have")
    seed: int = setting(0, "random seed of the random baselines and the bootstrap", at_least=0, at_most=LARGEST_SEED)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class EvaluateConfig(EvaluationSettings, EvaluationInputs):
    """What is printed, and where data files are found."""

    videos: bool = setting(True, "print a table with the figures of each video")
    data_dir: str = setting(
        MISSING, "folder of the prepared files; the environment variable MAESUM_DATA sets it too", is_text=True
    )
    demo_dir: str = setting(MISSING, "folder in which the synthetic demo data is made and kept", is_text=True)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)

    def check_rules(self, prefix: str) -> None:
        """Refuse a command that names no benchmark to evaluate on.

        Raises:
            MaesumError: neither benchmark= nor annotations= is given.
        """
        if not self.benchmarks and self.annotations is None:
            raise MaesumError("benchmark=[] names nothing to evaluate on; name at least one, e.g. benchmark=tvsum.")

"""Keys of `python -m maesum.predict` and `evaluate`; training scores with the first two as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.fields import LARGEST_SEED, setting

#: Where networks run: a processor, a GPU of any kind (cuda and mps name one), or a GPU where there is one.
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")


@dataclass
class ScoringConfig:
    """How windows are laid and batched when frames are scored."""

    target_position: int = setting(15, "where in its window (from 0) the scored frame stands", at_least=0)
    boundary: str = setting("reflect", "what a window does past the ends of a video: reflect, replicate or shift")
    batch_size: int | None = setting(None, "windows at a time; null: 64 on a processor, 1024 on a GPU", at_least=1)
    precision: str = setting("32", "32, or bf16 for the network")
    every: int = setting(1, "score every k-th frame and interpolate: k times faster, but another ranking", at_least=1)


@dataclass
class BenchmarkConfig:
    """Each NAME in benchmark=, which sets these (conf/benchmark); for files of your own: benchmark=custom."""

    annotations: str = setting(MISSING, "a benchmark file", is_text=True)
    annotations_made_by: str = setting("", "the command that makes it, for the message where it is missing")
    features: Any = setting(MISSING, "features of its videos: a file, a pattern or a list", is_text=True)
    features_made_by: str = setting("", "the command that makes them")
    stride: int = setting(2, "frames between neighbours of a scoring window", at_least=1)


@dataclass
class PredictConfig:
    """What is scored, with what, and where results go."""

    ckpt: str | None = setting(None, "a checkpoint of python -m maesum.train", is_text=True)
    scorer: str = setting("model", "model, or without a checkpoint: context_mean, neighbour, uniform")
    stride: int | None = setting(
        None, "frames between neighbours of a window, in place of the benchmarks' own", at_least=1
    )
    feature: str = setting("googlenet", "the frame feature, part of the file names under data_dir: googlenet, resnet50")
    out: str = setting(MISSING, "folder for scores, metrics and figures; by default that of the run", is_text=True)
    seed: int = setting(0, "of the random baselines and the bootstrap", at_least=0, at_most=LARGEST_SEED)
    data_dir: str = setting(
        MISSING, "where prepared files lie; MAESUM_DATA in the environment sets it too", is_text=True
    )
    demo_dir: str = setting(MISSING, "where the synthetic demo data is made and kept", is_text=True)
    accelerator: str = setting("auto", "cpu, gpu or auto", choices=ACCELERATORS)
    devices: Any = setting(1, "a number, a list of device numbers, or auto: each scores a part of every video's frames")
    num_nodes: int = setting(1, "machines, where torchrun or srun has started the processes", at_least=1)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    figures: bool = setting(True, "one figure a video, human above and prediction below")


@dataclass
class EvaluateConfig:
    """What is evaluated, what is computed of it, and how strictly it is read."""

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
    protocol: str = setting(
        "paper", "how tau and rho are computed: paper, saquil, casum, ctvsum, csta, msva, gtscore, or all"
    )
    undefined: str = setting("propagate", "what means make of undefined correlations: propagate, omit or zero")
    splits: str = setting(
        "none", "results of test splits besides those of all videos: none, paper5 or a JSON file", is_text=True
    )
    f1: bool = setting(False, "also the F1 of key-shot summaries, and performance over random")
    f1_over: str = setting("auto", "mean | max over annotators; auto: as the field does for this benchmark")
    highlights: bool = setting(False, "also mAP@50 and mAP@15, of ratings")
    shots: str = setting(
        "auto",
        "where summaries take their shots from: stored with the benchmark, kts of the features, uniform "
        "of 60 frames, or auto, the first of these that the benchmark allows",
    )
    score_step: int = setting(1, "15 where scores without picks belong to every 15th frame", at_least=1)
    length_tolerance: int = setting(0, "pad or crop up to so many frames, at most 2", at_least=0, at_most=2)
    allow_extra: bool = setting(False, "accept scores of videos that the benchmark does not have")
    videos: bool = setting(True, "print the table of single videos")
    seed: int = setting(0, "of the random baselines and the bootstrap", at_least=0, at_most=LARGEST_SEED)
    data_dir: str = setting(
        MISSING, "where prepared files lie; MAESUM_DATA in the environment sets it too", is_text=True
    )
    demo_dir: str = setting(MISSING, "where the synthetic demo data is made and kept", is_text=True)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)

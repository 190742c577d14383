"""Keys of `python -m maesum.predict` and `evaluate`; training scores with the first two as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.ranges import choice, number, seed

#: Where networks run: a processor, a GPU of any kind (cuda and mps name one), or a GPU where there is one.
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")


@dataclass
class ScoringConfig:
    """How windows are laid and batched when frames are scored."""

    target_position: int = number(15, at_least=0)  # where in its window (from 0) the scored frame stands
    boundary: str = "reflect"  # what a window does past the ends of a video: reflect, replicate or shift
    batch_size: int | None = number(None, at_least=1)  # windows at a time; null: 64 on a processor, 1024 on a GPU
    precision: str = "32"  # 32, or bf16 for the network
    every: int = number(1, at_least=1)  # score every k-th frame and interpolate: k times faster, but another ranking


@dataclass
class BenchmarkConfig:
    """Each NAME in benchmark=, which sets these (conf/benchmark); for files of your own: benchmark=custom."""

    annotations: str = MISSING  # a benchmark file
    annotations_made_by: str = ""  # the command that makes it, for the message where it is missing
    features: Any = MISSING  # features of its videos: a file, a pattern or a list
    features_made_by: str = ""  # the command that makes them
    stride: int = number(2, at_least=1)  # frames between neighbours of a scoring window


@dataclass
class PredictConfig:
    """What is scored, with what, and where results go."""

    ckpt: str | None = None  # a checkpoint of python -m maesum.train
    scorer: str = "model"  # model, or without a checkpoint: context_mean, neighbour, uniform
    stride: int | None = number(
        None, at_least=1
    )  # frames between neighbours of a window, in place of the benchmarks' own
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir: googlenet, resnet50
    out: str = MISSING  # folder for scores, metrics and figures; by default that of the run
    seed: int = seed()  # of the random baselines and the bootstrap
    data_dir: str = MISSING  # where prepared files lie; MAESUM_DATA in the environment sets it too
    demo_dir: str = MISSING  # where the synthetic demo data is made and kept
    accelerator: str = choice("auto", *ACCELERATORS)  # cpu, gpu or auto
    devices: Any = 1  # a number, a list of device numbers, or auto: each scores a part of every video's frames
    num_nodes: int = number(1, at_least=1)  # machines, where torchrun or srun has started the processes
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    figures: bool = True  # one figure a video, human above and prediction below


@dataclass
class EvaluateConfig:
    """What is evaluated, what is computed of it, and how strictly it is read."""

    scores: str = MISSING  # a scores file or JSON, a folder of <benchmark>.h5, or that of a run of train or predict
    against: str | None = None  # another of these, for the paired difference
    out: str = MISSING  # the file for all results; by default metrics.json in the run's folder
    annotations: str | None = None  # a benchmark file of your own, in place of benchmark=; both at once are refused
    features: Any = None  # features of the videos, for shots=kts; by default the benchmark's own
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir: googlenet, resnet50
    protocol: str = "paper"  # how tau and rho are computed: paper, saquil, casum, ctvsum, csta, msva, gtscore, or all
    undefined: str = "propagate"  # what means make of undefined correlations: propagate, omit or zero
    splits: str = "none"  # results of test splits besides those of all videos: none, paper5 or a JSON file
    f1: bool = False  # also the F1 of key-shot summaries, and performance over random
    f1_over: str = "auto"  # mean | max over annotators; auto: as the field does for this benchmark
    highlights: bool = False  # also mAP@50 and mAP@15, of ratings
    shots: str = "auto"  # where summaries take their shots from: stored with the benchmark, kts of the features,
    # uniform of 60 frames, or auto, the first of these that the benchmark allows
    score_step: int = number(1, at_least=1)  # 15 where scores without picks belong to every 15th frame
    length_tolerance: int = number(0, at_least=0, at_most=2)  # pad or crop up to so many frames, at most 2
    allow_extra: bool = False  # accept scores of videos that the benchmark does not have
    videos: bool = True  # print the table of single videos
    seed: int = seed()  # of the random baselines and the bootstrap
    data_dir: str = MISSING  # where prepared files lie; MAESUM_DATA in the environment sets it too
    demo_dir: str = MISSING  # where the synthetic demo data is made and kept
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)

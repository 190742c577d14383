"""Keys of `python -m maesum.predict` and `evaluate`; training scores with the first two as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class ScoringConfig:
    """How windows are laid and batched when frames are scored; see maesum.scoring.ScoringSettings."""

    target_position: int = 15
    boundary: str = "reflect"
    batch_size: int = 256
    precision: str = "32"
    every: int = 1  # score every k-th frame and interpolate: k times faster, but another ranking


@dataclass
class BenchmarkConfig:
    """One benchmark to be scored on (conf/benchmark)."""

    annotations: str = MISSING
    annotations_made_by: str = ""
    features: Any = MISSING
    features_made_by: str = ""
    stride: int = 2  # frames between neighbours of a scoring window


@dataclass
class PredictConfig:
    """`python -m maesum.predict`: score every frame of the benchmarks, then tau and rho."""

    ckpt: str | None = None  # a checkpoint of python -m maesum.train
    scorer: str = "model"  # model, or without a checkpoint: context_mean, neighbour, uniform
    stride: int | None = None  # overrides the benchmarks' own
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir
    out: str = MISSING  # folder for scores, metrics and figures
    seed: int = 0
    data_dir: str = MISSING
    demo_dir: str = MISSING
    accelerator: str = "auto"
    devices: Any = 1
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    figures: bool = True


@dataclass
class EvaluateConfig:
    """`python -m maesum.evaluate`: every figure of a scores file; see maesum.evaluation.EvaluationSettings."""

    scores: str = MISSING  # a scores file, or a folder of <benchmark>.h5 as train and predict leave it
    against: str | None = None  # another one, for the paired difference
    out: str = MISSING  # metrics.json
    annotations: str | None = None  # a benchmark file of your own, instead of benchmark=
    features: Any = None  # its features, for shots=kts
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir
    protocol: str = "paper"  # a name, or all
    undefined: str = "propagate"  # propagate | omit | zero
    splits: str = "none"  # none | paper5 | a JSON file
    f1: bool = False
    f1_over: str = "auto"  # mean | max over annotators; auto: as the field does for this benchmark
    highlights: bool = False
    shots: str = "auto"  # auto | stored | kts | uniform
    score_step: int = 1  # 15 where scores without picks belong to every 15th frame
    length_tolerance: int = 0  # pad or crop up to so many frames, at most 2
    allow_extra: bool = False  # accept scores of videos that the benchmark does not have
    videos: bool = True  # print the table of single videos
    seed: int = 0
    data_dir: str = MISSING
    demo_dir: str = MISSING
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)

"""Keys of `python -m maesum.extract` and `summarize`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from maesum.config.ranges import choice, number, seed
from maesum.config.scoring import ACCELERATORS, ScoringConfig


@dataclass
class ExtractConfig:
    """What is read, what is written, and on what it is computed."""

    videos: Any = MISSING  # a folder (searched at any depth), a file, a pattern, a .txt list of these, or several
    out: str = MISSING  # the features file; a shard writes <out>-00001-of-00008.h5 beside it
    backbone: Any = MISSING  # conf/backbone: a `_target_` and its options, typed in maesum.config.backbones
    every: int = number(1, at_least=1)  # keep every k-th frame; 15 is the public 2 frames a second
    ids: str | None = None  # a list that selects and labels videos; its forms stand in maesum.vision.id_lists
    classes: str | None = None  # UCF-101's classInd.txt, to check and name the class numbers of `ids`
    shard: str = "1/1"  # number/count: which contiguous part of the videos this job extracts
    dtype: str = "float16"  # of the features: float16 or float32
    device: str = "auto"  # cpu, cuda, cuda:1 ...; auto: a GPU where there is one
    precision: str = "auto"  # 32, 16, bf16; auto: 16 (autocast) on a GPU, 32 elsewhere
    batch_size: int | None = number(None, at_least=1)  # frames at a time; null: 8 on a processor, 128 on a GPU
    workers: int | None = number(None, at_least=1)  # videos decoded at a time; null: one less than there are cores


class SummaryQuality(Enum):
    """How much time `python -m maesum.summarize` spends on a model; see maesum.summaries.training.QUALITIES."""

    fast = "fast"
    normal = "normal"
    best = "best"


@dataclass
class SummarizeConfig:
    """What is summarised, and by which model."""

    video: Any = MISSING  # a video, a folder (searched at any depth), a pattern, a .txt list of these, or several
    out: str = MISSING  # folder for the summary, its page, scores and features; by default that of the run
    budget: float = number(0.15, above=0, at_most=1)  # share of the video's time that the summary may take
    ckpt: str | None = None  # a checkpoint of maesum.train; null: train a small model on the videos themselves
    quality: SummaryQuality = SummaryQuality.normal  # of that model: fast, normal or best
    every: int = number(1, at_least=1)  # score every k-th frame: for long videos on a slow machine
    stride: int = number(2, at_least=1)  # frames between neighbours of a scoring window
    seed: int = seed()  # of that model
    accelerator: str = choice("auto", *ACCELERATORS)  # that trains that model: cpu, gpu or auto
    backbone: Any = MISSING  # the following as in maesum.extract
    dtype: str = "float16"  # of the features: float16 or float32
    device: str = "auto"  # that extracts features: cpu, cuda, cuda:1 ...; auto: a GPU where there is one
    precision: str = "auto"  # of extraction: 32, 16, bf16; auto: 16 (autocast) on a GPU, 32 elsewhere
    batch_size: int | None = number(None, at_least=1)  # frames at a time; null: 8 on a processor, 128 on a GPU
    workers: int | None = number(None, at_least=1)  # videos decoded at a time; null: one less than there are cores
    scoring: ScoringConfig = field(default_factory=ScoringConfig)

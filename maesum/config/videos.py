"""Keys of `python -m maesum.extract` and `summarize`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.checking import check_settings
from maesum.config.fields import LARGEST_SEED, setting
from maesum.config.scoring import ACCELERATORS, USUAL_FRAMES, ScoringSettings
from maesum.config.sources import FEATURE_TYPES
from maesum.config.values import check_device_name, parse_shard
from maesum.system.errors import MaesumError

_PRECISIONS = ("auto", "32", "16", "bf16")
#: How much time summaries spend on a model of their own; see maesum.summaries.training.QUALITIES.
QUALITY_NAMES = ("fast", "normal", "best")


@dataclass
class ExtractConfig:
    """What is read, what is written, and on what it is computed."""

    videos: Any = setting(
        MISSING, "a folder (searched at any depth), a file, a pattern, a .txt list of these, or several", is_text=True
    )
    out: str = setting(MISSING, "the features file; a shard writes <out>-00001-of-00008.h5 beside it", is_text=True)
    backbone: Any = setting(MISSING, "conf/backbone: a `_target_` and its options, typed in maesum.config.backbones")
    every: int = setting(1, "keep every k-th frame; 15 is the public 2 frames a second", at_least=1)
    ids: str | None = setting(
        None, "a list that selects and labels videos; its forms stand in maesum.vision.id_lists", is_text=True
    )
    classes: str | None = setting(
        None, "UCF-101's classInd.txt, to check and name the class numbers of `ids`", is_text=True
    )
    shard: str = setting("1/1", "number/count: which contiguous part of the videos this job extracts")
    dtype: str = setting("float16", "of the features: float16 or float32", choices=FEATURE_TYPES)
    device: str = setting("auto", "cpu, cuda, cuda:1 ...; auto: a GPU where there is one")
    precision: str = setting("auto", "32, 16, bf16; auto: 16 (autocast) on a GPU, 32 elsewhere", choices=_PRECISIONS)
    batch_size: int | None = setting(None, "frames at a time; null: 8 on a processor, 128 on a GPU", at_least=1)
    workers: int | None = setting(None, "videos decoded at a time; null: one less than there are cores", at_least=1)

    def check_rules(self, prefix: str) -> None:
        """Refuse a shard that is none and a name that is no device's.

        Raises:
            MaesumError: naming the setting.
        """
        parse_shard(self.shard)
        check_device_name(f"{prefix}device", self.device)
        if self.classes is not None and self.ids is None:
            raise MaesumError(f"classes={self.classes} is given without ids=, the list that it explains.")


@dataclass
class SummaryInputs:
    """What is summarised, and where the results go."""

    video: Any = setting(
        MISSING, "a video, a folder (searched at any depth), a pattern, a .txt list of these, or several", is_text=True
    )
    out: str = setting(
        MISSING, "folder for the summary, its page, scores and features; by default that of the run", is_text=True
    )


@dataclass
class SummarySettings:
    """What decides about a summary."""

    budget: float = setting(0.15, "share of the video's time that the summary may take", above=0, at_most=1)
    ckpt: str | None = setting(
        None, "a checkpoint of maesum.train; null: train a small model on the videos themselves", is_text=True
    )
    quality: str = setting("normal", "of that model: fast, normal or best", choices=QUALITY_NAMES)
    every: int = setting(1, "score every k-th frame: for long videos on a slow machine", at_least=1)
    stride: int = setting(2, "frames between neighbours of a scoring window", at_least=1)
    seed: int = setting(0, "of that model", at_least=0, at_most=LARGEST_SEED)
    accelerator: str = setting("auto", "that trains that model: cpu, gpu or auto", choices=ACCELERATORS)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class SummarizeConfig(SummarySettings, SummaryInputs):
    """What is summarised, and by which model."""

    backbone: Any = setting(MISSING, "the following as in maesum.extract")
    dtype: str = setting("float16", "of the features: float16 or float32", choices=FEATURE_TYPES)
    device: str = setting("auto", "that extracts features: cpu, cuda, cuda:1 ...; auto: a GPU where there is one")
    precision: str = setting(
        "auto", "of extraction: 32, 16, bf16; auto: 16 (autocast) on a GPU, 32 elsewhere", choices=_PRECISIONS
    )
    batch_size: int | None = setting(None, "frames at a time; null: 8 on a processor, 128 on a GPU", at_least=1)
    workers: int | None = setting(None, "videos decoded at a time; null: one less than there are cores", at_least=1)

    def check_rules(self, prefix: str) -> None:
        """Refuse a name that is no device's, and a target outside the window of a model that is trained here.

        Raises:
            MaesumError: naming the setting.
        """
        check_device_name(f"{prefix}device", self.device)
        if self.ckpt is None:
            self.scoring.check_window(USUAL_FRAMES)

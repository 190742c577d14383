"""Define the keys of `python -m maesum.extract` and `summarize`."""

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
#: How long `summarize` trains a small model on the videos; see maesum.summaries.training.QUALITIES.
QUALITY_NAMES = ("fast", "normal", "best")


@dataclass
class ComputingSettings:
    """How the features are computed and stored."""

    dtype: str = setting("float16", "type of the stored features: float16 or float32", choices=FEATURE_TYPES)
    device: str = setting("auto", "device of the backbone: cpu, cuda, cuda:1, ...; auto: a GPU if there is one")
    precision: str = setting(
        "auto", "precision of the backbone: 32, 16 or bf16; auto: 16 (autocast) on a GPU, else 32", choices=_PRECISIONS
    )
    batch_size: int | None = setting(None, "frames computed at a time; null: 8 on a CPU, 128 on a GPU", at_least=1)
    workers: int | None = setting(
        None, "videos decoded at a time; null: one fewer than there are CPU cores", at_least=1
    )


@dataclass
class ExtractConfig(ComputingSettings):
    """Input and output."""

    videos: Any = setting(
        MISSING,
        "videos to read: a folder (searched at any depth), a file, a pattern, a .txt list of these, or several",
        is_text=True,
    )
    out: str = setting(
        MISSING, "features file to write; with shard= it gets a suffix such as <out>-00001-of-00008.h5", is_text=True
    )
    backbone: Any = setting(
        MISSING, "network that computes the features (conf/backbone), typed in maesum.config.backbones"
    )
    every: int = setting(1, "use every k-th frame; 15 gives the public 2 frames per second", at_least=1)
    ids: str | None = setting(
        None, "list that selects and labels videos; its forms are described in maesum.vision.id_lists", is_text=True
    )
    classes: str | None = setting(
        None, "UCF-101's classInd.txt, used to check and name the class numbers in ids=", is_text=True
    )
    shard: str = setting("1/1", "which contiguous part of the videos is extracted: number/count, such as 1/8")

    def check_rules(self, prefix: str) -> None:
        """Refuse a malformed shard, an unknown device, and classes without ids.

        Raises:
            MaesumError: naming the setting.
        """
        parse_shard(self.shard)
        check_device_name(f"{prefix}device", self.device)
        if self.classes is not None and self.ids is None:
            raise MaesumError(f"classes={self.classes} is given without ids=, the list that it explains.")


@dataclass
class SummaryInputs:
    """Input and output."""

    video: Any = setting(
        MISSING,
        "what to summarise: a video, a folder (searched at any depth), a pattern, a .txt list of these, or several",
        is_text=True,
    )
    out: str = setting(
        MISSING,
        "folder for the summary, its page, the scores and the features; by default the folder of the run",
        is_text=True,
    )


@dataclass
class SummarySettings:
    """How the summary is made."""

    budget: float = setting(0.15, "share of the video's duration that the summary may take", above=0, at_most=1)
    ckpt: str | None = setting(
        None,
        "checkpoint of the model that scores, from maesum.train; null: train a small model on the videos themselves",
        is_text=True,
    )
    quality: str = setting(
        "normal", "how long the small model is trained, without ckpt=: fast, normal or best", choices=QUALITY_NAMES
    )
    every: int = setting(1, "use every k-th frame, for long videos on a slow machine", at_least=1)
    stride: int = setting(2, "step from one frame of a scoring window to the next, in feature rows", at_least=1)
    seed: int = setting(0, "random seed of the small model's training, without ckpt=", at_least=0, at_most=LARGEST_SEED)
    accelerator: str = setting(
        "auto",
        "kind of device that trains the small model: cpu, gpu, cuda or mps; auto: a GPU if there is one",
        choices=ACCELERATORS,
    )
    scoring: ScoringSettings = field(default_factory=ScoringSettings)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass
class SummarizeConfig(SummaryInputs, SummarySettings, ComputingSettings):
    """The network of the features."""

    backbone: Any = setting(MISSING, "network that computes the features (conf/backbone)")

    def check_rules(self, prefix: str) -> None:
        """Refuse an unknown device, and a target position outside the window of the model that is trained here.

        Raises:
            MaesumError: naming the setting.
        """
        check_device_name(f"{prefix}device", self.device)
        if self.ckpt is None:
            self.scoring.check_window(USUAL_FRAMES)

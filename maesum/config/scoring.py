"""Keys of `python -m maesum.predict`; training scores with the first two dataclasses as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.checking import check_settings
from maesum.config.fields import LARGEST_SEED, setting
from maesum.config.values import check_devices
from maesum.system.errors import MaesumError

#: Where networks run: a processor, a GPU of any kind (cuda and mps name one), or a GPU where there is one.
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
#: What a window does where it reaches past the ends of a video.
BOUNDARIES = ("reflect", "replicate", "shift")
#: What scores frames without a checkpoint.
WITHOUT_CHECKPOINT = ("context_mean", "neighbour", "uniform")
#: The window of what scores without a model, and of the models whose frames= nobody changed.
USUAL_FRAMES = 30


@dataclass
class ScoringSettings:
    """How windows are laid and batched when frames are scored."""

    target_position: int = setting(15, "where in its window (from 0) the scored frame stands", at_least=0)
    boundary: str = setting(
        "reflect",
        "what a window does past the ends of a video: reflect, replicate or shift",
        choices=BOUNDARIES,
    )
    batch_size: int | None = setting(None, "windows at a time; null: 64 on a processor, 1024 on a GPU", at_least=1)
    # The cosine is taken in float32 whatever this says: rounded to bf16 a video keeps about 43 distinct values.
    precision: str = setting("32", "32, or bf16 for the network", choices=("32", "bf16"))
    every: int = setting(1, "score every k-th frame and interpolate: k times faster, but another ranking", at_least=1)

    def __post_init__(self) -> None:
        check_settings(self, "scoring.")

    def check_window(self, frames: int) -> None:
        """Refuse a target that stands outside a window of so many frames.

        Raises:
            MaesumError: naming the setting.
        """
        if self.target_position >= frames:
            raise MaesumError(f"scoring.target_position is {self.target_position}, wanted 0 to {frames - 1}.")


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
    scorer: str = setting(
        "model",
        "model, or without a checkpoint: context_mean, neighbour, uniform",
        choices=("model", *WITHOUT_CHECKPOINT),
    )
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
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    figures: bool = setting(True, "one figure a video, human above and prediction below")

    def check_rules(self, prefix: str) -> None:
        """Refuse settings that do not go together.

        Raises:
            MaesumError: a missing or an unused checkpoint, nothing to score, or a target outside the usual window.
        """
        check_devices(f"{prefix}devices", self.devices)
        if self.scorer == "model" and self.ckpt is None:
            names = ", ".join(WITHOUT_CHECKPOINT)
            raise MaesumError(
                f"ckpt= is required; name a checkpoint of python -m maesum.train, or scorer= one of {names}."
            )
        if self.scorer != "model" and self.ckpt is not None:
            raise MaesumError(f"scorer={self.scorer} takes no checkpoint; leave out either ckpt= or scorer=.")
        if not self.benchmarks:
            raise MaesumError("benchmark=[] names nothing to score; name at least one, e.g. benchmark=tvsum.")
        if self.scorer not in ("model", "uniform"):
            self.scoring.check_window(USUAL_FRAMES)

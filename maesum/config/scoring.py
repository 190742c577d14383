"""Define the keys of `python -m maesum.predict`; other commands that score frames use the first two dataclasses too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.checking import check_settings
from maesum.config.fields import LARGEST_SEED, setting
from maesum.config.values import check_devices
from maesum.system.errors import MaesumError

#: Where networks run: cpu; gpu (any kind), cuda or mps; auto = a GPU if there is one, else the CPU.
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
#: How windows are filled where they reach past the ends of a video.
BOUNDARIES = ("reflect", "replicate", "shift")
#: The scorers that need no checkpoint.
WITHOUT_CHECKPOINT = ("context_mean", "neighbour", "uniform")
#: Frames of a scoring window: the default of model.frames, and what scorers without a model use.
USUAL_FRAMES = 30


@dataclass
class ScoringSettings:
    """How frames are scored: where their windows lie, and how many are computed at a time."""

    target_position: int = setting(15, "position of the scored frame in its window, counted from 0", at_least=0)
    boundary: str = setting(
        "reflect",
        "how a window that reaches past the ends of the video is filled: reflect, replicate or shift",
        choices=BOUNDARIES,
    )
    batch_size: int | None = setting(None, "windows computed at a time; null: 64 on a CPU, 1024 on a GPU", at_least=1)
    # The cosine is computed in float32 for either value: in bf16 the scores of a video have about 43 distinct values.
    precision: str = setting("32", "precision of the network: 32 or bf16", choices=("32", "bf16"))
    every: int = setting(
        1, "score every k-th frame and interpolate between them: k times faster, but the ranking differs", at_least=1
    )

    def __post_init__(self) -> None:
        check_settings(self, "scoring.")

    def check_window(self, frames: int) -> None:
        """Refuse a target position outside a window of `frames` frames.

        Raises:
            MaesumError: naming the setting.
        """
        if self.target_position >= frames:
            raise MaesumError(f"scoring.target_position is {self.target_position}, wanted 0 to {frames - 1}.")


@dataclass
class BenchmarkConfig:
    """Benchmarks: benchmark=NAME sets these keys from conf/benchmark; for files of your own take benchmark=custom."""

    annotations: str = setting(MISSING, "the benchmark file, which holds the annotations", is_text=True)
    annotations_made_by: str = setting(
        "", "the command that makes the benchmark file; the error message quotes it if the file is missing"
    )
    features: Any = setting(MISSING, "features of the videos: a file, a pattern or a list of these", is_text=True)
    features_made_by: str = setting(
        "", "the command that makes the features; the error message quotes it if they are missing"
    )
    stride: int = setting(2, "step from one frame of a scoring window to the next, in feature rows", at_least=1)


@dataclass
class PredictConfig:
    """What is scored and how, and where the results go."""

    ckpt: str | None = setting(None, "checkpoint of the model that scores, from python -m maesum.train", is_text=True)
    scorer: str = setting(
        "model",
        "what scores the frames: model (the network in ckpt=), or without a network context_mean, neighbour or uniform",
        choices=("model", *WITHOUT_CHECKPOINT),
    )
    stride: int | None = setting(
        None,
        "step from one frame of a scoring window to the next, in feature rows; null: that of each benchmark",
        at_least=1,
    )
    feature: str = setting(
        "googlenet", "name of the frame feature in the file names under data_dir, such as googlenet or resnet50"
    )
    out: str = setting(
        MISSING, "folder for scores, metrics and figures; by default the folder of the run", is_text=True
    )
    seed: int = setting(0, "random seed of the random baselines and the bootstrap", at_least=0, at_most=LARGEST_SEED)
    data_dir: str = setting(
        MISSING, "folder of the prepared files; the environment variable MAESUM_DATA sets it too", is_text=True
    )
    demo_dir: str = setting(MISSING, "folder in which the synthetic demo data is made and kept", is_text=True)
    accelerator: str = setting(
        "auto", "kind of device: cpu, gpu, cuda or mps; auto: a GPU if there is one", choices=ACCELERATORS
    )
    devices: Any = setting(
        1, "number of devices, a list of device numbers, or auto; each device scores a part of every video's frames"
    )
    num_nodes: int = setting(1, "number of machines, if torchrun or srun has started the processes", at_least=1)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    figures: bool = setting(True, "draw one figure per video, with the human scores above the predicted ones")

    def check_rules(self, prefix: str) -> None:
        """Refuse settings that do not go together.

        Raises:
            MaesumError: the checkpoint is missing or not used, there is nothing to score, or the target lies outside
                the window.
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

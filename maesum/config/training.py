"""Define the keys of `python -m maesum.train`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.data import DataConfig, LabelledConfig
from maesum.config.fields import LARGEST_SEED, setting
from maesum.config.model import ModelConfig
from maesum.config.optimisation import LOSSES, OptimSettings
from maesum.config.scoring import ACCELERATORS, BenchmarkConfig, ScoringSettings
from maesum.config.values import check_devices, parse_stride
from maesum.system.errors import MaesumError

#: Kinds of data (`reads:` in conf/method) of methods that train on batches of clips, with a warm-up of epochs.
_ON_CLIPS = ("clips", "labelled clips")


@dataclass
class TrainerConfig:
    """Hardware and bookkeeping (conf/trainer): arguments of lightning.Trainer."""

    accelerator: str = setting(
        "auto", "kind of device: cpu, gpu, cuda or mps; auto: a GPU if there is one", choices=ACCELERATORS
    )
    devices: Any = setting("auto", "number of devices on each machine, a list of device numbers, or auto")
    num_nodes: int = setting(1, "number of machines", at_least=1)
    strategy: str = setting(
        "auto",
        "how several devices work together: ddp for several devices, auto for one",
        choices=(
            "auto",
            "ddp",
        ),
    )
    precision: str = setting(
        "32-true",
        "precision of training: 32-true, bf16-mixed or 64-true (float16 overflows in masked autoencoders)",
        choices=(
            "32-true",
            "bf16-mixed",
            "64-true",
        ),
    )
    accumulate_grad_batches: int = setting(
        1, "number of parts that a batch is computed in, if it does not fit on the device at once", at_least=1
    )
    log_every_n_steps: int = setting(50, "optimiser steps from one logged value to the next", at_least=1)
    check_val_every_n_epoch: int = setting(
        1, "epochs from one validation on the held-out videos to the next", at_least=1
    )
    deterministic: bool = setting(True, "repeated runs give bit-identical results (except with compile=max-autotune)")
    enable_progress_bar: bool = setting(True, "show a progress bar during training")
    enable_model_summary: bool = setting(False, "print the layers of the model and their sizes")

    def check_rules(self, prefix: str) -> None:
        """Refuse values of `devices` that Lightning does not take.

        Raises:
            MaesumError: naming the setting.
        """
        check_devices(f"{prefix}devices", self.devices)


@dataclass
class MonitorConfig:
    """Monitoring: the benchmarks are scored now and then during pretraining, for the logs; training is not affected."""

    every_n_epochs: int = setting(20, "epochs from one scoring of the benchmarks to the next; 0: never", at_least=0)
    videos: int = setting(3, "number of videos that are scored, the first ones of each benchmark", at_least=1)
    every_frame: int = setting(15, "score only every k-th frame of these videos", at_least=1)


@dataclass
class TrainConfig:
    """The training: what is trained, for how long, and what it starts from."""

    name: str = setting("pretraining", "name of the run in the logs, and of its folder under runs/", is_text=True)
    method: dict[str, Any] = setting({}, "settings of the method that method= chose, such as method.freeze=true")
    group: str | None = setting(None, "name of the W&B group that the run belongs to", is_text=True)
    tags: list[str] = setting([], "tags of the run in W&B")
    seed: int = setting(0, "random seed of the whole training", at_least=0, at_most=LARGEST_SEED)
    feature: str = setting(
        "googlenet", "name of the frame feature in the file names under data_dir, such as googlenet or resnet50"
    )
    init: str | None = setting(None, "checkpoint whose weights the model starts from", is_text=True)
    stride: Any = setting(
        [1, 8], "step from one frame of a training clip to the next: a number such as 2, or a range drawn per clip"
    )
    mask_ratio: float = setting(0.5, "share of a clip's frames that are masked", at_least=0, at_most=1)
    loss: str = setting(
        "mse",
        "loss between masked frames and their reconstructions in pretraining: mse, or cosine for 1 - cosine, the "
        "measure of scoring",
        choices=LOSSES,
    )
    epochs: int = setting(200, "passes over the videos", at_least=1)
    warmup_epochs: int = setting(40, "epochs in which the learning rate rises", at_least=0)
    batch_size: int = setting(128, "clips of one optimiser step, over all devices and accumulation steps", at_least=1)
    compile: str | None = setting(
        None,
        "torch.compile mode of the pretraining step: default, reduce-overhead or max-autotune; null: not compiled",
        choices=("default", "reduce-overhead", "max-autotune"),
    )
    ckpt: str | None = setting(
        None,
        "checkpoint to resume; last: the one in this run's folder, or else the newest of the runs beside it",
        is_text=True,
    )
    checkpoint_every_n_steps: int | None = setting(
        None,
        "optimiser steps from one checkpoint to the next; null: save after epochs, in at most 2 % of the time",
        at_least=1,
    )
    data_dir: str = setting(
        MISSING, "folder of the prepared files; the environment variable MAESUM_DATA sets it too", is_text=True
    )
    demo_dir: str = setting(MISSING, "folder in which the synthetic demo data is made and kept", is_text=True)
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimSettings = field(default_factory=OptimSettings)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    logger: dict[str, Any] = setting({}, "options of a logger, such as logger.wandb.project=me")
    figures: bool = setting(True, "draw one figure per video, with the human scores above the predicted ones")
    labelled: LabelledConfig = field(default_factory=LabelledConfig)
    splits: str = setting(
        "none",
        "none | paper5 | aae | a JSON file: methods that read whole videos train a network for each split, scored on "
        "its test videos",
        is_text=True,
    )
    evaluator: MonitorConfig = field(default_factory=MonitorConfig)

    @property
    def stride_range(self) -> tuple[int, int]:
        """The smallest and the largest stride of a training clip.

        Raises:
            MaesumError: `stride` is neither a number nor a range.
        """
        return parse_stride(self.stride)

    def check_rules(self, prefix: str) -> None:
        """Refuse settings that do not go together.

        Raises:
            MaesumError: the stride is malformed, the warm-up is longer than the training, the mask covers no frame or
                all frames, or the target position lies outside the window.
        """
        _ = self.stride_range
        reads = self.method.get("reads")
        if reads == "videos":
            self._check_whole_videos()
        if reads == "weights" and self.init is None:
            name = self.method.get("name")
            raise MaesumError(f"init= is required for method={name}; name a checkpoint of python -m maesum.train.")
        if reads in _ON_CLIPS and self.warmup_epochs >= self.epochs:
            raise MaesumError(f"warmup_epochs is {self.warmup_epochs}, wanted fewer than epochs = {self.epochs}.")
        if reads == "clips":
            self.scoring.check_window(self.model.frames)
            if not 0 < round(self.model.frames * self.mask_ratio) < self.model.frames:
                raise MaesumError(
                    f"mask_ratio is {self.mask_ratio}, wanted one that masks some of {self.model.frames} frames and "
                    "leaves some."
                )

    def _check_whole_videos(self) -> None:
        """Refuse settings that do not go with methods that train on whole videos of one benchmark, one in each step."""
        name = self.method.get("name")
        if self.trainer.devices != 1 or self.trainer.num_nodes != 1:
            raise MaesumError(f"method={name} trains one video a step and so on one device; set trainer.devices=1.")
        if self.trainer.accumulate_grad_batches != 1:
            raise MaesumError(f"method={name} trains one video a step; set trainer.accumulate_grad_batches=1.")
        if len(self.benchmarks) != 1:
            raise MaesumError(
                f"method={name} trains on the videos of one benchmark, but {len(self.benchmarks)} are named "
                f"({', '.join(self.benchmarks)}); choose one, e.g. benchmark=[tvsum]."
            )

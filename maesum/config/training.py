"""Keys of `python -m maesum.train`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.fields import LARGEST_SEED, setting
from maesum.config.scoring import ACCELERATORS, USUAL_FRAMES, BenchmarkConfig, ScoringSettings
from maesum.config.values import check_devices, parse_stride
from maesum.system.errors import MaesumError

#: Where pretraining features are kept while a model trains.
RESIDENCIES = ("disk", "host", "device")
#: The two readings of "the linear projection is not needed" (section 3.2).
STREAMS = ("projected", "feature")
#: What pretraining makes small (`maesum.models.losses`).
LOSSES = ("mse", "cosine")
#: What methods read that train on batches of clips, with a warm-up of epochs (`reads:` in conf/method).
_ON_CLIPS = ("clips", "labelled clips")


@dataclass
class DataConfig:
    """What the model is trained on (conf/data)."""

    name: str = setting(MISSING, "of the set; known names give the estimate of a sweep's cost", is_text=True)
    features: Any = setting(MISSING, "a features file, a pattern, or a list: shards of one set", is_text=True)
    made_by: str = setting("", "the command that makes `features`, for the message where they are missing")
    held_out: Any = setting(None, "features of videos to report the masked error on, or null", is_text=True)
    clips_per_video: int = setting(1, "clips drawn from each video in an epoch", at_least=1)
    held_out_clips_per_video: int = setting(4, "clips drawn from each of these", at_least=1)
    standardize: bool = setting(
        False, "channels to zero mean and about unit variance (for features that are not CNN outputs)"
    )
    workers: int = setting(2, "loader processes of each rank; 0 = load in the training process", at_least=0)
    residency: str = setting(
        "disk",
        "of pretraining features: disk | host (read into memory first) | device (split over GPUs)",
        choices=RESIDENCIES,
    )


@dataclass
class ModelConfig:
    """Sizes of the masked autoencoder (conf/model); the width of the features comes from the features."""

    frames: int = setting(USUAL_FRAMES, "frames of a clip and of a scoring window", at_least=2)
    encoder_dim: int = setting(768, "width of the encoder; its heads must divide it", at_least=1)
    encoder_depth: int = setting(12, "blocks of the encoder", at_least=1)
    encoder_heads: int = setting(12, "attention heads of the encoder", at_least=1)
    decoder_dim: int = setting(384, "width of the decoder; its heads must divide it", at_least=1)
    decoder_depth: int = setting(4, "blocks of the decoder", at_least=1)
    decoder_heads: int = setting(6, "attention heads of the decoder", at_least=1)
    mlp_ratio: float = setting(4.0, "width of the MLPs, relative to encoder_dim and decoder_dim", above=0)
    stream: str = setting(
        "projected",
        "projected: linear layers between the widths; feature: the features' own width from end to end "
        "(the two readings of section 3.2)",
        choices=STREAMS,
    )

    def check_rules(self, prefix: str) -> None:
        """Refuse heads that do not divide their width.

        Raises:
            MaesumError: naming the settings.
        """
        for part in ("encoder", "decoder"):
            width, heads = getattr(self, f"{part}_dim"), getattr(self, f"{part}_heads")
            if width % heads:
                raise MaesumError(
                    f"{prefix}{part}_dim is {width}, wanted a multiple of {prefix}{part}_heads = {heads}."
                )


@dataclass
class OptimSettings:
    """AdamW with a warm-up and a cosine (paper, A1)."""

    base_lr: float = setting(4e-4, "learning rate for a batch of 256", above=0)
    scale_lr: bool = setting(True, "take base_lr * batch_size / 256; false takes base_lr as it is")
    min_lr: float = setting(1e-6, "learning rate of the last step", at_least=0)
    betas: list[float] = setting([0.9, 0.95], "decay of the two running means")
    weight_decay: float = setting(0.05, "on matrices only, not on biases, norms and the mask token", at_least=0)

    def check_rules(self, prefix: str) -> None:
        """Refuse betas that are no two decays.

        Raises:
            MaesumError: naming the setting.
        """
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise MaesumError(f"{prefix}betas is {self.betas}, wanted two numbers from 0 to below 1.")

    def learning_rate(self, batch_size: int) -> float:
        """The peak learning rate for a batch over all ranks and accumulation steps (Goyal et al. 2017)."""
        return self.base_lr * batch_size / 256 if self.scale_lr else self.base_lr


@dataclass
class TrainerConfig:
    """Hardware and bookkeeping (conf/trainer), as lightning.Trainer takes them."""

    accelerator: str = setting("auto", "cpu, gpu or auto", choices=ACCELERATORS)
    devices: Any = setting("auto", "a number, a list of device numbers, or auto")
    num_nodes: int = setting(1, "machines", at_least=1)
    strategy: str = setting(
        "auto",
        "ddp for several devices; auto for one",
        choices=(
            "auto",
            "ddp",
        ),
    )
    precision: str = setting(
        "32-true",
        "32-true, bf16-mixed or 64-true; float16 overflows in masked autoencoders",
        choices=(
            "32-true",
            "bf16-mixed",
            "64-true",
        ),
    )
    accumulate_grad_batches: int = setting(
        1, "parts that a batch is computed in, where it does not fit the device at once", at_least=1
    )
    log_every_n_steps: int = setting(50, "optimiser steps between two points of a curve", at_least=1)
    check_val_every_n_epoch: int = setting(1, "epochs between two looks at the held-out videos", at_least=1)
    deterministic: bool = setting(True, "the same bits every time, but for compile=max-autotune")
    enable_progress_bar: bool = setting(True, "show how far the training is")
    enable_model_summary: bool = setting(False, "print the layers and their sizes")

    def check_rules(self, prefix: str) -> None:
        """Refuse devices that Lightning does not know.

        Raises:
            MaesumError: naming the setting.
        """
        check_devices(f"{prefix}devices", self.devices)


@dataclass
class LabelledConfig:
    """Features with labels (conf/labelled; paper, A1 and A2.1): read by methods that take labelled clips."""

    features: Any = setting(MISSING, "features with labels to train on", is_text=True)
    held_out: Any = setting(MISSING, "features with labels to measure the accuracy on", is_text=True)
    made_by: str = setting("", "the command that makes both, for the message where they are missing")
    clips_per_video: int = setting(1, "clips drawn from each training video in an epoch", at_least=1)
    test_clips: int = setting(
        4, "spread uniformly over a test video; their class probabilities are averaged", at_least=1
    )


@dataclass
class EvaluatorConfig:
    """A look at the benchmarks while pretraining; it changes nothing."""

    every_n_epochs: int = setting(20, "how often; 0 = never", at_least=0)
    videos: int = setting(3, "the first so many of each benchmark", at_least=1)
    every_frame: int = setting(15, "score every k-th frame only", at_least=1)


@dataclass
class TrainConfig:
    """The training: what is trained, how long, and where it begins."""

    name: str = setting("pretraining", "of the run: its folder under runs/ and its name in the logs", is_text=True)
    method: dict[str, Any] = setting({}, "what is trained: its name, the data it reads, and its own settings")
    group: str | None = setting(None, "of runs that belong together, in W&B", is_text=True)
    tags: list[str] = setting([], "of the run in W&B")
    seed: int = setting(0, "of every random choice", at_least=0, at_most=LARGEST_SEED)
    feature: str = setting("googlenet", "the frame feature, part of the file names under data_dir: googlenet, resnet50")
    init: str | None = setting(None, "a checkpoint whose weights the model starts from", is_text=True)
    stride: Any = setting([1, 8], "of training clips: 2, or a range [1,8] drawn per sample")
    mask_ratio: float = setting(0.5, "share of a clip's frames that are masked", at_least=0, at_most=1)
    loss: str = setting(
        "mse",
        "between masked frames and their reconstructions in pretraining: mse, or cosine for 1 - cosine, which is what "
        "scoring takes",
        choices=LOSSES,
    )
    epochs: int = setting(200, "passes over the videos", at_least=1)
    warmup_epochs: int = setting(40, "epochs in which the learning rate rises", at_least=0)
    batch_size: int = setting(128, "clips of one optimiser step, over all devices and accumulation steps", at_least=1)
    compile: str | None = setting(
        None,
        "the pretraining step by torch.compile: default | reduce-overhead | max-autotune",
        choices=("default", "reduce-overhead", "max-autotune"),
    )
    ckpt: str | None = setting(
        None, "resume a checkpoint; last: this folder's own, or the newest of the runs beside it", is_text=True
    )
    checkpoint_every_n_steps: int | None = setting(
        None, "steps between saves; null: after epochs, in 2 % of the time", at_least=1
    )
    data_dir: str = setting(
        MISSING, "where prepared files lie; MAESUM_DATA in the environment sets it too", is_text=True
    )
    demo_dir: str = setting(MISSING, "where the synthetic demo data is made and kept", is_text=True)
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimSettings = field(default_factory=OptimSettings)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    logger: dict[str, Any] = setting({}, "options of a logger, such as logger.wandb.project=me")
    figures: bool = setting(True, "one figure a video, human above and prediction below")
    labelled: LabelledConfig = field(default_factory=LabelledConfig)
    splits: str = setting(
        "none",
        "none | paper5 | aae | a JSON file: methods that read whole videos train a network for each split, scored on "
        "its test videos",
        is_text=True,
    )
    evaluator: EvaluatorConfig = field(default_factory=EvaluatorConfig)

    def check_rules(self, prefix: str) -> None:
        """Refuse settings that do not go together.

        Raises:
            MaesumError: a stride that is none, or a warm-up, mask or target position outside what it is a part of.
        """
        parse_stride(self.stride)
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
        """Refuse what does not go with a method that trains on the whole videos of one benchmark, one a step."""
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

"""Define the keys of `python -m maesum.train`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.fields import LARGEST_SEED, setting
from maesum.config.scoring import ACCELERATORS, USUAL_FRAMES, BenchmarkConfig, ScoringSettings
from maesum.config.values import check_devices, parse_stride
from maesum.system.errors import MaesumError

#: Where the pretraining features are kept during training.
RESIDENCIES = ("disk", "host", "device")
#: The two readings of "the linear projection is not needed" (section 3.2).
STREAMS = ("projected", "feature")
#: The losses of pretraining (`maesum.models.losses`).
LOSSES = ("mse", "cosine")
#: Kinds of data (`reads:` in conf/method) of methods that train on batches of clips, with a warm-up of epochs.
_ON_CLIPS = ("clips", "labelled clips")


@dataclass
class DataConfig:
    """The data that the model is trained on (conf/data)."""

    name: str = setting(
        MISSING, "name of the data set; for known names a sweep can estimate the cost of training", is_text=True
    )
    features: Any = setting(
        MISSING, "features to train on: a file, a pattern, or a list (the shards of one set)", is_text=True
    )
    made_by: str = setting("", "the command that makes the features; the error message quotes it if they are missing")
    held_out: Any = setting(
        None, "features of held-out videos, on which the masked error is reported; null: none", is_text=True
    )
    clips_per_video: int = setting(1, "clips drawn from each training video in an epoch", at_least=1)
    held_out_clips_per_video: int = setting(4, "clips drawn from each held-out video", at_least=1)
    standardize: bool = setting(
        False, "scale channels to zero mean and about unit variance (for features that are not CNN outputs)"
    )
    workers: int = setting(2, "data loader processes per rank; 0 loads in the training process", at_least=0)
    residency: str = setting(
        "disk",
        "where pretraining features are kept: disk, host (read into memory first) or device (split over the GPUs)",
        choices=RESIDENCIES,
    )


@dataclass
class ModelConfig:
    """Sizes of the masked autoencoder (conf/model); the feature width is read from the features file."""

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
        "how feature width and model width are joined (two readings of section 3.2): projected puts linear layers "
        "between them; feature uses the feature width throughout",
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
    """Optimiser: AdamW, with warm-up and cosine decay of the learning rate (paper, A1)."""

    base_lr: float = setting(4e-4, "peak learning rate for a batch of 256 clips", above=0)
    scale_lr: bool = setting(
        True, "scale the peak learning rate to base_lr * batch_size / 256; false uses base_lr unscaled"
    )
    min_lr: float = setting(1e-6, "learning rate of the last step", at_least=0)
    betas: list[float] = setting([0.9, 0.95], "decay rates of AdamW's two running means")
    weight_decay: float = setting(
        0.05, "weight decay of matrices; biases, norms and the mask token have none", at_least=0
    )

    def check_rules(self, prefix: str) -> None:
        """Refuse betas that are not two numbers from 0 to below 1.

        Raises:
            MaesumError: naming the setting.
        """
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise MaesumError(f"{prefix}betas is {self.betas}, wanted two numbers from 0 to below 1.")

    def learning_rate(self, batch_size: int) -> float:
        """Return the peak learning rate for a batch over all ranks and accumulation steps (Goyal et al. 2017)."""
        return self.base_lr * batch_size / 256 if self.scale_lr else self.base_lr


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
class LabelledConfig:
    """Features with labels (conf/labelled; paper, A1 and A2.1), used by methods that train on labelled clips."""

    features: Any = setting(MISSING, "features with labels to train on", is_text=True)
    held_out: Any = setting(MISSING, "features with labels to measure the accuracy on", is_text=True)
    made_by: str = setting(
        "", "the command that makes both features files; the error message quotes it if they are missing"
    )
    clips_per_video: int = setting(1, "clips drawn from each training video in an epoch", at_least=1)
    test_clips: int = setting(
        4, "clips spread uniformly over each test video, whose class probabilities are averaged", at_least=1
    )


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

"""Keys of `python -m maesum.train`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.ranges import choice, number, seed
from maesum.config.scoring import ACCELERATORS, BenchmarkConfig, ScoringConfig


@dataclass
class DataConfig:
    """What the model is trained on (conf/data)."""

    name: str = MISSING  # of the set; known names give the estimate of a sweep's cost
    features: Any = MISSING  # a features file, a pattern, or a list: shards of one set
    made_by: str = ""  # the command that makes `features`, for the message where they are missing
    held_out: Any = None  # features of videos to report the masked error on, or null
    clips_per_video: int = number(1, at_least=1)  # clips drawn from each video in an epoch
    held_out_clips_per_video: int = number(4, at_least=1)  # clips drawn from each of these
    standardize: bool = False  # channels to zero mean and about unit variance (for features that are not CNN outputs)
    workers: int = number(2, at_least=0)  # loader processes of each rank; 0 = load in the training process
    residency: str = "disk"  # of pretraining features: disk | host (read into memory first) | device (split over GPUs)


@dataclass
class ModelConfig:
    """Sizes of the masked autoencoder (conf/model); the width of the features comes from the features."""

    frames: int = number(30, at_least=2)  # frames of a clip and of a scoring window
    encoder_dim: int = number(768, at_least=1)  # width of the encoder; its heads must divide it
    encoder_depth: int = number(12, at_least=1)  # blocks of the encoder
    encoder_heads: int = number(12, at_least=1)  # attention heads of the encoder
    decoder_dim: int = number(384, at_least=1)  # width of the decoder; its heads must divide it
    decoder_depth: int = number(4, at_least=1)  # blocks of the decoder
    decoder_heads: int = number(6, at_least=1)  # attention heads of the decoder
    mlp_ratio: float = number(4.0, above=0)  # width of the MLPs, relative to encoder_dim and decoder_dim
    stream: str = "projected"  # projected: linear layers between the widths; feature: the features' own width
    # from end to end (the two readings of section 3.2)


@dataclass
class OptimConfig:
    """AdamW with a warm-up and a cosine (paper, A1)."""

    base_lr: float = number(4e-4, above=0)  # learning rate for a batch of 256
    scale_lr: bool = True  # take base_lr * batch_size / 256; false takes base_lr as it is
    min_lr: float = number(1e-6, at_least=0)  # learning rate of the last step
    betas: list[float] = field(default_factory=lambda: [0.9, 0.95])  # decay of the two running means
    weight_decay: float = number(0.05, at_least=0)  # on matrices only, not on biases, norms and the mask token


@dataclass
class TrainerConfig:
    """Hardware and bookkeeping (conf/trainer), as lightning.Trainer takes them."""

    accelerator: str = choice("auto", *ACCELERATORS)  # cpu, gpu or auto
    devices: Any = "auto"  # a number, a list of device numbers, or auto
    num_nodes: int = number(1, at_least=1)  # machines
    strategy: str = choice("auto", "auto", "ddp")  # ddp for several devices; auto for one
    precision: str = choice("32-true", "32-true", "bf16-mixed", "64-true")  # 32-true, bf16-mixed or 64-true; float16
    # overflows in masked autoencoders
    accumulate_grad_batches: int = number(1, at_least=1)  # parts that a batch is computed in, where it does not
    # fit the device at once
    log_every_n_steps: int = number(50, at_least=1)  # optimiser steps between two points of a curve
    check_val_every_n_epoch: int = number(1, at_least=1)  # epochs between two looks at the held-out videos
    deterministic: bool = True  # the same bits every time, but for compile=max-autotune
    enable_progress_bar: bool = True  # show how far the training is
    enable_model_summary: bool = False  # print the layers and their sizes


@dataclass
class RecognitionConfig:
    """Action recognition on labelled features (paper, A1 and A2.1): read by task=recognition alone."""

    features: Any = MISSING  # features with labels to train on
    held_out: Any = MISSING  # features with labels to measure the accuracy on
    made_by: str = ""  # the command that makes both, for the message where they are missing
    clips_per_video: int = number(1, at_least=1)  # clips drawn from each training video in an epoch
    test_clips: int = number(4, at_least=1)  # spread uniformly over a test video; their class
    # probabilities are averaged
    freeze: bool = False  # train the linear layer only: a probe of the pretrained encoder


@dataclass
class DrDsnConfig:
    """DR-DSN (Zhou et al. 2018), a peer to compare with: read by task=dr_dsn alone."""

    hidden: int = number(256, at_least=1)  # LSTM units in each direction
    episodes: int = number(5, at_least=1)  # summaries drawn of a video at every step
    every: int = number(15, at_least=1)  # keep every k-th frame: the method works at 2 frames a second
    temporal_distance: int = number(20, at_least=0)  # kept frames further apart than this count as wholly different
    selected_share: float = number(0.5, at_least=0, at_most=1)  # the share of selected frames that the length
    # regulariser pulls towards
    length_weight: float = number(0.01, at_least=0)  # weight of that regulariser
    learning_rate: float = number(1e-5, above=0)  # of Adam
    weight_decay: float = number(1e-5, at_least=0)  # L2 penalty on all weights
    splits: str = "none"  # none | paper5 | a JSON file: one network for each split, scored on its test videos


@dataclass
class EvaluatorConfig:
    """A look at the benchmarks while pretraining; it changes nothing."""

    every_n_epochs: int = number(20, at_least=0)  # how often; 0 = never
    videos: int = number(3, at_least=1)  # the first so many of each benchmark
    every_frame: int = number(15, at_least=1)  # score every k-th frame only


@dataclass
class TrainConfig:
    """The training: what is trained, how long, and where it begins."""

    name: str = "pretraining"  # of the run: its folder under runs/ and its name in the logs
    task: str = "pretraining"  # pretraining, recognition, dr_dsn, or evaluation of init= without training
    group: str | None = None  # of runs that belong together, in W&B
    tags: list[str] = field(default_factory=list)  # of the run in W&B
    seed: int = seed()  # of every random choice
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir: googlenet, resnet50
    init: str | None = None  # a checkpoint whose weights the model starts from
    stride: Any = field(default_factory=lambda: [1, 8])  # of training clips: 2, or a range [1,8] drawn per sample
    mask_ratio: float = number(0.5, at_least=0, at_most=1)  # share of a clip's frames that are masked
    epochs: int = number(200, at_least=1)  # passes over the videos
    warmup_epochs: int = number(40, at_least=0)  # epochs in which the learning rate rises
    batch_size: int = number(128, at_least=1)  # clips of one optimiser step, over all devices and accumulation steps
    compile: str | None = None  # the pretraining step by torch.compile: default | reduce-overhead | max-autotune
    ckpt: str | None = None  # resume a checkpoint; last: this folder's own, or the newest of the runs beside it
    checkpoint_every_n_steps: int | None = number(None, at_least=1)  # steps between saves; null: after epochs,
    # in 2 % of the time
    data_dir: str = MISSING  # where prepared files lie; MAESUM_DATA in the environment sets it too
    demo_dir: str = MISSING  # where the synthetic demo data is made and kept
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    logger: dict[str, Any] = field(default_factory=dict)  # options of a logger, such as logger.wandb.project=me
    figures: bool = True  # one figure a video, human above and prediction below
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    dr_dsn: DrDsnConfig = field(default_factory=DrDsnConfig)
    evaluator: EvaluatorConfig = field(default_factory=EvaluatorConfig)

"""Keys of `python -m maesum.train`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from maesum.config.scoring import BenchmarkConfig, ScoringConfig


@dataclass
class DataConfig:
    """What the model is trained on (conf/data)."""

    name: str = MISSING
    features: Any = MISSING  # a features file, a pattern, or a list: shards of one set
    made_by: str = ""  # the command that makes `features`, for the message where they are missing
    held_out: Any = None  # features of videos to report the masked error on, or null
    clips_per_video: int = 1  # clips drawn from each video in an epoch
    held_out_clips_per_video: int = 4
    standardize: bool = False  # channels to zero mean and about unit variance (for features that are not CNN outputs)
    workers: int = 2  # loader processes of each rank; 0 = load in the training process


@dataclass
class ModelConfig:
    """Sizes of the masked autoencoder (conf/model); the feature width comes from the features."""

    frames: int = 30
    encoder_dim: int = 768
    encoder_depth: int = 12
    encoder_heads: int = 12
    decoder_dim: int = 384
    decoder_depth: int = 4
    decoder_heads: int = 6
    mlp_ratio: float = 4.0
    stream: str = "projected"  # projected | feature: the two readings of section 3.2


@dataclass
class OptimConfig:
    """AdamW (paper, A1); see maesum.tasks.optim.OptimSettings."""

    base_lr: float = 4e-4
    scale_lr: bool = True
    min_lr: float = 1e-6
    betas: list[float] = field(default_factory=lambda: [0.9, 0.95])
    weight_decay: float = 0.05


@dataclass
class TrainerConfig:
    """Hardware and bookkeeping (conf/trainer): arguments of lightning.Trainer."""

    accelerator: str = "auto"
    devices: Any = "auto"  # a number, a list of device numbers, or auto
    num_nodes: int = 1
    strategy: str = "auto"
    precision: str = "32-true"  # or bf16-mixed; float16 overflows in masked autoencoders
    accumulate_grad_batches: int = 1
    log_every_n_steps: int = 50
    check_val_every_n_epoch: int = 1
    deterministic: bool = True
    enable_progress_bar: bool = True
    enable_model_summary: bool = False


@dataclass
class RecognitionConfig:
    """Action recognition on labelled features (conf/recognition; paper, A1 and A2.1)."""

    features: Any = MISSING  # features with labels to train on
    held_out: Any = MISSING  # features with labels to measure the accuracy on
    made_by: str = ""
    clips_per_video: int = 1  # clips drawn from each training video in an epoch
    test_clips: int = 4  # spread uniformly over a test video; their class probabilities are averaged
    freeze: bool = False  # train the linear layer only: a probe of the pretrained encoder


@dataclass
class DrDsnConfig:
    """DR-DSN (Zhou et al. 2018), a peer to compare with; see maesum.tasks.drdsn.DrDsnSettings."""

    hidden: int = 256
    episodes: int = 5
    every: int = 15  # keep every k-th frame: the method works at 2 frames a second
    temporal_distance: int = 20
    selected_share: float = 0.5
    length_weight: float = 0.01
    learning_rate: float = 1e-5
    weight_decay: float = 1e-5
    splits: str = "none"  # none | paper5 | a JSON file: one network for each split, scored on its test videos


@dataclass
class EvaluatorConfig:
    """A look at the benchmarks while training; see maesum.jobs.monitoring.BenchmarkMonitor."""

    every_n_epochs: int = 20  # 0 = never
    videos: int = 3  # the first so many of each benchmark
    every_frame: int = 15  # score every k-th frame only


@dataclass
class TrainConfig:
    """`python -m maesum.train`: pretrain, then score the benchmarks with the last weights."""

    name: str = "pretraining"  # of the run: its folder and its name in the logs
    task: str = "pretraining"  # pretraining | recognition | dr_dsn | evaluation
    group: str | None = None  # of runs that belong together, in W&B
    tags: list[str] = field(default_factory=list)  # in W&B
    seed: int = 0
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir: googlenet, resnet50
    init: str | None = None  # a checkpoint whose weights the model starts from
    stride: Any = field(default_factory=lambda: [1, 8])  # of training clips: 2, or a range [1,8] drawn per sample
    mask_ratio: float = 0.5
    epochs: int = 200
    warmup_epochs: int = 40
    batch_size: int = 128  # clips of one optimiser step, over all devices and accumulation steps
    ckpt: str | None = None  # resume: a checkpoint, or "last": this folder's own, or the newest of the runs beside it
    checkpoint_every_n_steps: int | None = None  # besides the one after every epoch
    data_dir: str = MISSING  # where prepared files lie
    demo_dir: str = MISSING  # where the synthetic demo data is made and kept
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    logger: dict[str, Any] = field(default_factory=dict)  # conf/logger: one `_target_` each
    figures: bool = True  # one figure a video, human above and prediction below
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    dr_dsn: DrDsnConfig = field(default_factory=DrDsnConfig)
    evaluator: EvaluatorConfig = field(default_factory=EvaluatorConfig)

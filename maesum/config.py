"""Typed schemas of every entry point: a misspelt key or a wrong type fails when the config is composed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from omegaconf import MISSING

_PACKAGE = Path(__file__).resolve().parent
#: The config tree: inside the package in a wheel, at the top of the repository in a checkout.
CONF_DIR = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"


@dataclass
class PrepareConfig:
    """`python -m maesum.prepare`: bring published files into the project's formats."""

    source: Any = MISSING  # conf/source: an importer and its options, typed in maesum.data.sources.schemas
    input: str = MISSING  # the published file or folder
    out: str = MISSING  # the file to write, or the folder for two


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
class ScoringConfig:
    """How windows are laid and batched when frames are scored; see maesum.scoring.ScoringSettings."""

    target_position: int = 15
    boundary: str = "reflect"
    batch_size: int = 256
    precision: str = "32"
    every: int = 1  # score every k-th frame and interpolate: k times faster, but another ranking


@dataclass
class BenchmarkConfig:
    """One benchmark to be scored on (conf/benchmark)."""

    annotations: str = MISSING
    annotations_made_by: str = ""
    features: Any = MISSING
    features_made_by: str = ""
    stride: int = 2  # frames between neighbours of a scoring window


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


@dataclass
class SweepConfig(TrainConfig):
    """`python -m maesum.sweep` and `python -m maesum.report`: a training config, and tables that vary it."""

    sweeps: dict[str, Any] = field(default_factory=dict)  # conf/sweep; see maesum.sweeps.tables
    parallel: int = 1  # jobs at a time
    plan: bool = False  # print what would run, what it needs and costs, and run nothing
    runs: str = "runs/jobs"  # one folder a job, named by its config hash
    out: str = "runs/reports"  # of the report
    demo: list[str] = field(default_factory=list)  # overrides of every job at +scale=demo


@dataclass
class DashboardConfig:
    """`python -m maesum.dashboard`: the W&B dashboard; see maesum.reporting.dashboard."""

    entity: str = MISSING  # a W&B user or team
    project: str = "maesum"
    name: str = "maesum"  # of the dashboard
    benchmarks: list[str] = field(default_factory=lambda: ["tvsum", "summe", "finegym"])


@dataclass
class PredictConfig:
    """`python -m maesum.predict`: score every frame of the benchmarks, then tau and rho."""

    ckpt: str | None = None  # a checkpoint of python -m maesum.train
    scorer: str = "model"  # model, or without a checkpoint: context_mean, neighbour, uniform
    stride: int | None = None  # overrides the benchmarks' own
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir
    out: str = MISSING  # folder for scores, metrics and figures
    seed: int = 0
    data_dir: str = MISSING
    demo_dir: str = MISSING
    accelerator: str = "auto"
    devices: Any = 1  # a number, a list of device numbers, or auto: each scores a part of every video's frames
    num_nodes: int = 1  # machines, where torchrun or srun has started the processes
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)
    figures: bool = True


@dataclass
class ExportConfig:
    """`python -m maesum.export`: a checkpoint as safetensors, config.json and a model card."""

    ckpt: str = MISSING  # a checkpoint of python -m maesum.train
    out: str = MISSING  # the folder to write; it must not exist


@dataclass
class EvaluateConfig:
    """`python -m maesum.evaluate`: every figure of a scores file; see maesum.evaluation.EvaluationSettings."""

    scores: str = MISSING  # a scores file, or a folder of <benchmark>.h5 as train and predict leave it
    against: str | None = None  # another one, for the paired difference
    out: str = MISSING  # metrics.json
    annotations: str | None = None  # a benchmark file of your own, instead of benchmark=
    features: Any = None  # its features, for shots=kts
    feature: str = "googlenet"  # the frame feature, part of the file names under data_dir
    protocol: str = "paper"  # a name, or all
    undefined: str = "propagate"  # propagate | omit | zero
    splits: str = "none"  # none | paper5 | a JSON file
    f1: bool = False
    f1_over: str = "auto"  # mean | max over annotators; auto: as the field does for this benchmark
    highlights: bool = False
    shots: str = "auto"  # auto | stored | kts | uniform
    score_step: int = 1  # 15 where scores without picks belong to every 15th frame
    length_tolerance: int = 0  # pad or crop up to so many frames, at most 2
    allow_extra: bool = False  # accept scores of videos that the benchmark does not have
    videos: bool = True  # print the table of single videos
    seed: int = 0
    data_dir: str = MISSING
    demo_dir: str = MISSING
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)


@dataclass
class ExtractConfig:
    """`python -m maesum.extract`: frame features of any videos."""

    videos: Any = MISSING  # a folder (searched at any depth), a file, a pattern, a .txt list of these, or several
    out: str = MISSING  # the features file; a shard writes <out>-00001-of-00008.h5 beside it
    backbone: Any = MISSING  # conf/backbone: a `_target_` and its options, typed in maesum.vision.schemas
    every: int = 1  # keep every k-th frame; 15 is the public 2 frames a second
    ids: str | None = None  # a list that selects and labels videos; its forms stand in maesum.vision.id_lists
    classes: str | None = None  # UCF-101's classInd.txt, to check and name the class numbers of `ids`
    shard: str = "1/1"  # number/count: which contiguous part of the videos this job extracts
    dtype: str = "float16"  # or float32, of the features
    device: str = "auto"  # cpu, cuda, cuda:1 ...
    precision: str = "auto"  # 32, 16, bf16; auto: 16 (autocast) on a GPU, 32 elsewhere
    batch_size: int | None = None  # frames at a time; null: 8 on a processor, 128 on a GPU
    workers: int | None = None  # videos decoded at a time; null: one less than there are cores


class SummaryQuality(Enum):
    """How much time `python -m maesum.summarize` spends on a model; see maesum.summaries.training.QUALITIES."""

    fast = "fast"
    normal = "normal"
    best = "best"


@dataclass
class SummarizeConfig:
    """`python -m maesum.summarize`: a summary of any video; see maesum.summaries.pipeline."""

    video: Any = MISSING  # a video, or what `videos=` of maesum.extract takes: a folder, a pattern, several
    out: str = MISSING  # folder for the summary, its page, scores and features
    budget: float = 0.15  # share of the frames that the summary may have
    ckpt: str | None = None  # a checkpoint of maesum.train; null: train a small model on the videos themselves
    quality: SummaryQuality = SummaryQuality.normal  # of that model: fast, normal, best
    every: int = 1  # score every k-th frame: for long videos on a slow machine
    stride: int = 2  # frames between neighbours of a scoring window
    seed: int = 0
    accelerator: str = "auto"  # that trains the model
    backbone: Any = MISSING  # the following as in maesum.extract
    dtype: str = "float16"
    device: str = "auto"
    precision: str = "auto"
    batch_size: int | None = None
    workers: int | None = None
    scoring: ScoringConfig = field(default_factory=ScoringConfig)


def register_schemas() -> None:
    """Make the schemas known to Hydra under the names that the config files' defaults lists use."""
    from hydra.core.config_store import ConfigStore

    from maesum.data.sources.schemas import SOURCE_SCHEMAS
    from maesum.vision.schemas import BACKBONE_SCHEMAS

    store = ConfigStore.instance()
    store.store(name="prepare_schema", node=PrepareConfig)
    for source, schema in SOURCE_SCHEMAS.items():
        store.store(group="schema/source", name=source, node=schema)
    store.store(name="train_schema", node=TrainConfig)
    store.store(name="sweep_schema", node=SweepConfig)
    store.store(name="dashboard_schema", node=DashboardConfig)
    store.store(name="predict_schema", node=PredictConfig)
    store.store(name="evaluate_schema", node=EvaluateConfig)
    store.store(name="export_schema", node=ExportConfig)
    store.store(name="extract_schema", node=ExtractConfig)
    for backbone, schema in BACKBONE_SCHEMAS.items():
        store.store(group="schema/backbone", name=backbone, node=schema)
    store.store(name="summarize_schema", node=SummarizeConfig)

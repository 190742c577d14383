"""What a training job of each task consists of: its module, its data, and what is done with the last weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from maesum.data.benchmark import Benchmark
from maesum.data.datamodule import ClipDataModule
from maesum.data.joining import check_features_match
from maesum.data.labelled import LabelledDataModule
from maesum.data.origin import differences
from maesum.data.statistics import feature_statistics
from maesum.data.store import FeatureStore
from maesum.methods.by_split import score_by_split
from maesum.methods.dr_dsn import DrDsn, VideoDataModule, WholeVideos
from maesum.methods.prediction import predict_benchmarks
from maesum.methods.pretraining import Pretraining
from maesum.methods.recognition import Recognition
from maesum.metrics.splits import load_splits, resolve_splits
from maesum.runs.provenance import LAST
from maesum.scoring import ScoringSettings
from maesum.scoring.benchmarks import check_benchmarks
from maesum.system.errors import MaesumError
from maesum.system.files import file_hash
from maesum.system.printing import say
from maesum.training.checkpoints import load_pretrained, load_weights
from maesum.training.compiling import check_mode

Config = dict[str, Any]
Metrics = dict[str, float]


class TrainingTask(NamedTuple):
    """One kind of training job; `config` is a resolved `maesum.config.training.TrainConfig`."""

    build: Callable[[Config], tuple[L.LightningModule, Any]]  # the module, and its data or None to train nothing
    finish: Callable[[Any, Any, L.Trainer, Config, Path], Metrics]  # module, data, trainer, config, the run's folder


def clip_data(config: Config) -> ClipDataModule:
    """The DataModule of a resolved pretraining config."""
    data = config["data"]
    return ClipDataModule(
        data["features"],
        batch_size=config["batch_size"],
        stride=config["stride"],
        frames=config["model"]["frames"],
        clips_per_video=data["clips_per_video"],
        held_out=data["held_out"],
        held_out_clips_per_video=data["held_out_clips_per_video"],
        workers=data["workers"],
        seed=config["seed"],
        residency=data["residency"],
    )


def pretraining_task(config: Config, data: ClipDataModule) -> Pretraining:
    """The LightningModule of a resolved pretraining config, its feature width taken from the data."""
    task = Pretraining(
        model={"feature_dim": data.store.dim, **config["model"]},
        mask_ratio=config["mask_ratio"],
        optim=config["optim"],
        batch_size=config["batch_size"],
        warmup_epochs=config["warmup_epochs"],
    )
    if config["data"]["standardize"] and config["init"] is not None:
        raise MaesumError(
            f"data.standardize=true does not go with init={config['init']}, which has its own statistics; leave it out."
        )
    if config["data"]["standardize"]:
        task.model.set_statistics(*feature_statistics(data.store))
    if config["init"] is not None:
        load_weights(task.model, _initial_weights(config["init"], data.store), config["init"])
    task.trained_on = data.store.origin
    check_mode(config["compile"], config["trainer"]["accumulate_grad_batches"])
    if config["compile"] is not None:
        task.compile_step(config["compile"])
    return task


def _initial_weights(init: str, store: FeatureStore) -> dict[str, Tensor]:
    """The weights of `init=` by name; says in what the features that it was trained on differ from those at hand."""
    pretrained = load_pretrained(init)
    for line in differences(store.origin, pretrained.trained_on):
        rank_zero_only(say)(f"init={init}: {line}")
    return pretrained.model.state_dict()


def _build_pretraining(config: Config) -> tuple[Pretraining, ClipDataModule]:
    data = clip_data(config)
    check_benchmarks(config["benchmarks"], data.store.dim)
    ScoringSettings(**config["scoring"])
    return pretraining_task(config, data), data


def _score_benchmarks(
    task: Pretraining, data: ClipDataModule | None, trainer: L.Trainer, config: Config, folder: Path
) -> Metrics:
    return predict_benchmarks(
        task.model.eval().to(trainer.strategy.root_device),
        config["benchmarks"],
        folder,
        ScoringSettings(**config["scoring"]),
        {"checkpoint": file_hash(folder / LAST if data is not None else config["init"])},
        device=trainer.strategy.root_device,
        figures=config["figures"],
        seed=config["seed"],
        trained_on=task.trained_on,
    )


def _build_evaluation(config: Config) -> tuple[Pretraining, None]:
    if config["init"] is None:
        raise MaesumError("init= is required for task=evaluation; name a checkpoint of python -m maesum.train.")
    pretrained = load_pretrained(config["init"])
    task = Pretraining(model=pretrained.settings)
    task.model.load_state_dict(pretrained.model.state_dict())
    task.trained_on = pretrained.trained_on
    return task, None


def _build_recognition(config: Config) -> tuple[Recognition, LabelledDataModule]:
    settings = config["recognition"]
    data = LabelledDataModule(
        settings["features"],
        settings["held_out"],
        batch_size=config["batch_size"],
        stride=config["stride"],
        frames=config["model"]["frames"],
        clips_per_video=settings["clips_per_video"],
        test_clips=settings["test_clips"],
        workers=config["data"]["workers"],
        seed=config["seed"],
    )
    task = Recognition(
        model={"feature_dim": data.store.dim, **config["model"]},
        actions=len(data.classes),
        freeze=settings["freeze"],
        optim=config["optim"],
        batch_size=config["batch_size"],
        warmup_epochs=config["warmup_epochs"],
    )
    if config["init"] is not None:
        encoder = task.model.encoder
        weights = _initial_weights(config["init"], data.store)
        load_weights(encoder, {name: weights[name] for name in encoder.state_dict() if name in weights}, config["init"])
    return task, data


def _test_recognition(
    task: Recognition, data: LabelledDataModule, trainer: L.Trainer, config: Config, folder: Path
) -> Metrics:
    tested = trainer.test(task, datamodule=data, verbose=False)[0]
    metrics = {key: float(value) for key, value in tested.items()}
    if trainer.is_global_zero:
        top1, top5 = metrics["recognition/top1"], metrics["recognition/top5"]
        say(f"action recognition, {len(data.held_out)} test videos: top-1 {top1:.4f}, top-5 {top5:.4f}")
    return metrics


def _build_drdsn(config: Config) -> tuple[DrDsn, VideoDataModule]:
    if config["trainer"]["devices"] != 1 or config["trainer"]["num_nodes"] != 1:
        raise MaesumError("task=dr_dsn trains one video a step and so on one device; set trainer.devices=1.")
    if config["trainer"]["accumulate_grad_batches"] != 1:
        raise MaesumError("task=dr_dsn trains one video a step; set trainer.accumulate_grad_batches=1.")
    if len(config["benchmarks"]) != 1:
        raise MaesumError(
            f"task=dr_dsn trains on the videos of one benchmark, but {len(config['benchmarks'])} are named "
            f"({', '.join(config['benchmarks'])}); choose one, e.g. benchmark=[tvsum]."
        )
    (files,) = config["benchmarks"].values()
    benchmark, store = Benchmark(files["annotations"]), FeatureStore(files["features"])
    check_features_match(
        benchmark, store.video_ids, store.lengths.tolist(), store.frame_step, store.paths[0], store.fps
    )
    settings = {name: value for name, value in config["dr_dsn"].items() if name != "splits"}
    source = config["dr_dsn"]["splits"]
    splits = resolve_splits(load_splits(source, benchmark.name), benchmark.video_ids, source)
    tested: list[set[str]] = [set(split) for split in splits] or [set()]
    training = [[n for n, video_id in enumerate(benchmark.video_ids) if video_id not in split] for split in tested]
    videos = WholeVideos(store, benchmark.video_ids, settings["every"], settings["episodes"], config["seed"])
    return DrDsn(store.dim, training, settings), VideoDataModule(videos)


def _score_drdsn(task: DrDsn, data: VideoDataModule, trainer: L.Trainer, config: Config, folder: Path) -> Metrics:
    ((name, files),) = config["benchmarks"].items()
    return score_by_split(
        name, task.to(trainer.strategy.root_device), data.videos, Benchmark(files["annotations"]), config, folder
    )


#: By the name that `task=` takes; what each reads stands in `maesum.runs.identity.READ_BY_TASK`.
TASKS: dict[str, TrainingTask] = {
    "pretraining": TrainingTask(_build_pretraining, _score_benchmarks),
    "evaluation": TrainingTask(_build_evaluation, _score_benchmarks),
    "recognition": TrainingTask(_build_recognition, _test_recognition),
    "dr_dsn": TrainingTask(_build_drdsn, _score_drdsn),
}

"""Training on whole videos of a benchmark, one network for each split of it, and scoring by these networks.

A method derives from `SplitTraining`, and `video_method` makes a `Method` of it: see maesum/methods/dr_dsn.py.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from torch import Tensor, nn

from maesum.config.fields import setting
from maesum.data.benchmark import Benchmark
from maesum.data.joining import check_features_match
from maesum.data.origin import frames_kept
from maesum.data.store import FeatureStore
from maesum.data.whole_videos import VideoDataModule, VideoDraw, WholeVideos
from maesum.methods.registry import Config, Method, Metrics
from maesum.methods.split_scores import score_by_split
from maesum.metrics.splits import load_splits, resolve_splits
from maesum.scoring.whole_video import VideoScorer
from maesum.system.errors import MaesumError, first_line
from maesum.system.printing import say
from maesum.training.checkpoints import check_weights
from maesum.training.module import TrainedModule


@dataclass
class VideoSettings:
    """What every method that trains on whole videos takes."""

    every: int = setting(
        15,
        "keep every k-th frame of a video, of which a features file may hold fewer: 15 makes 2 a second of 30",
        at_least=1,
    )
    draws: int = setting(1, "random numbers for each frame at every step, e.g. summaries drawn of a video", at_least=1)


class SplitTraining(TrainedModule):
    """Trains one network for each split on the videos that the split does not test on.

    Their losses are summed; no weight is shared, so each network trains as if it were alone.

    Logged: `train/loss`, the mean over networks, and what `losses` adds.

    Args:
        feature_dim: width of the features.
        training_videos: the numbers of the videos that each network trains on.
        settings: fields of `settings_type`, plain values: they are saved in the checkpoint.
    """

    settings_type: ClassVar[type[VideoSettings]] = VideoSettings

    def __init__(
        self, feature_dim: int, training_videos: list[list[int]], settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.save_hyperparameters()  # plain values only: the safe loader reads them back
        self.settings: Any = self.settings_type(**(settings or {}))
        self.networks = nn.ModuleList(self.build_network(feature_dim) for _ in training_videos)
        self.training_videos = [set(videos) for videos in training_videos]

    @abstractmethod
    def build_network(self, feature_dim: int) -> nn.Module:
        """A network that maps the kept frames of a video [n, D] float32 to their importance [n]."""

    @abstractmethod
    def losses(self, batch: VideoDraw, members: list[int]) -> tuple[list[Tensor], dict[str, Tensor]]:
        """The loss of each network on one video, and what is logged besides by its name.

        Args:
            members: the numbers of the networks that train on this video.
        """

    def training_step(self, batch: VideoDraw, batch_index: int) -> Tensor | None:
        members = [number for number, videos in enumerate(self.training_videos) if batch.video in videos]
        if not members:
            return None  # every split tests on this video
        losses, logged = self.losses(batch, members)
        loss = torch.stack(losses).sum()
        self.log("train/loss", loss / len(members), batch_size=1)
        for name, value in logged.items():
            self.log(f"train/{name}", value, batch_size=1)
        return loss

    def scorer(self, number: int) -> VideoScorer:
        """What scores videos with one of the networks."""
        return VideoScorer(self.networks[number], self.hparams["feature_dim"], self.settings.every)


def video_method(training: type[SplitTraining]) -> Method:
    """The `Method` of a training on whole videos."""
    return Method(
        reads="videos",
        settings=training.settings_type,
        build=partial(_build, training),
        finish=_score,
        predictor=partial(_predictor, training),
        has_schedule=False,
    )


def _build(training: type[SplitTraining], config: Config, settings: VideoSettings) -> tuple[SplitTraining, Any]:
    name = config["method"]["name"]
    if config["trainer"]["devices"] != 1 or config["trainer"]["num_nodes"] != 1:
        raise MaesumError(f"method={name} trains one video a step and so on one device; set trainer.devices=1.")
    if config["trainer"]["accumulate_grad_batches"] != 1:
        raise MaesumError(f"method={name} trains one video a step; set trainer.accumulate_grad_batches=1.")
    if len(config["benchmarks"]) != 1:
        raise MaesumError(
            f"method={name} trains on the videos of one benchmark, but {len(config['benchmarks'])} are named "
            f"({', '.join(config['benchmarks'])}); choose one, e.g. benchmark=[tvsum]."
        )
    (files,) = config["benchmarks"].values()
    benchmark, store = Benchmark(files["annotations"]), FeatureStore(files["features"])
    check_features_match(
        benchmark, store.video_ids, store.lengths.tolist(), store.frame_step, store.paths[0], store.fps
    )
    if clause := frames_kept(settings.every, store.frame_step):
        say(f"{benchmark.name}: features {clause}")
    source = config["splits"]
    splits = resolve_splits(load_splits(source, benchmark.name, len(benchmark)), benchmark.video_ids, source)
    tested: list[set[str]] = [set(split) for split in splits] or [set()]
    training_videos = [
        [number for number, video_id in enumerate(benchmark.video_ids) if video_id not in split] for split in tested
    ]
    videos = WholeVideos(store, benchmark.video_ids, settings.every, settings.draws, config["seed"])
    return training(store.dim, training_videos, asdict(settings)), VideoDataModule(videos)


def _score(task: SplitTraining, data: VideoDataModule, trainer: L.Trainer, config: Config, folder: Path) -> Metrics:
    ((name, files),) = config["benchmarks"].items()
    task.to(trainer.strategy.root_device)
    scorers = [task.scorer(number) for number in range(len(task.networks))]
    return score_by_split(name, scorers, data.videos.store, Benchmark(files["annotations"]), config, folder)


def _predictor(training: type[SplitTraining], content: dict[str, Any], path: str | Path) -> VideoScorer:
    """What scores the videos of any benchmark: the one network of a checkpoint.

    Raises:
        MaesumError: there are several, or the checkpoint does not hold what its own settings say.
    """
    parameters: Any = content.get("hyper_parameters")
    try:
        with torch.device("meta"):
            task = training(**parameters)
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError, RuntimeError) as error:
        raise MaesumError(f"{path}: field 'hyper_parameters' describes no network ({first_line(error)}).") from None
    if len(task.networks) != 1:
        raise MaesumError(
            f"{path}: holds {len(task.networks)} networks, one for each split, and none of them may score the videos "
            "that it was trained on; take the scores of each that its run left in scores/, or train with splits=none."
        )
    check_weights(content.get("state_dict"), task.state_dict(), path)  # before any memory is taken
    task = training(**parameters)
    task.load_state_dict(content["state_dict"])
    return task.scorer(0).eval()

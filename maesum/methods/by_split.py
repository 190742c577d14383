"""Declare methods on whole videos: those that train one network for each split of a benchmark, or none at all.

`video_method` makes a `Method` from a subclass of `SplitTraining`; maesum/methods/dr_dsn.py is an example.
`scoring_method` makes one from a function that gives frames their importance without training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import nn

from maesum.config.methods import VideoSettings
from maesum.data.origin import frames_kept
from maesum.data.whole_videos import VideoDataModule, VideoDraw, WholeVideos
from maesum.data.zeros import remark_on_zeros
from maesum.methods.accumulated_training import AccumulatedSplitTraining
from maesum.methods.prediction import predict_benchmarks
from maesum.methods.registry import Method, Metrics, Setup
from maesum.methods.split_scores import score_by_split
from maesum.methods.split_training import ManualSplitTraining, SplitTraining
from maesum.metrics.splits import load_splits, resolve_splits
from maesum.scoring.whole_video import VideoScorer
from maesum.system.errors import MaesumError, first_line
from maesum.system.printing import say
from maesum.training.checkpoints import check_weights

__all__ = [
    "AccumulatedSplitTraining",
    "ManualSplitTraining",
    "SplitTraining",
    "VideoDraw",
    "VideoSettings",
    "scoring_method",
    "video_method",
]


def video_method(training: type[SplitTraining]) -> Method:
    """Return the `Method` that trains by a subclass of `SplitTraining`."""
    return Method(
        reads="videos",
        settings=training.settings_type,
        build=partial(_build, training),
        finish=_score_splits,
        predictor=partial(_predictor, training),
        has_schedule=False,
        is_supervised=training.is_supervised,
        reference=training.reference,
        network=partial(_network, training),
    )


def scoring_method(settings: type[VideoSettings], build: Callable[[Any], nn.Module], reference: str = "") -> Method:
    """Return a `Method` that gives every kept frame its importance and needs no training.

    Args:
        settings: the dataclass of the method's own settings.
        build: makes, from these settings, a module that maps the kept frames of a video [n, D] float32 to their
            importance [n].
        reference: citation of the publication that the method follows.
    """

    def build_scorer(setup: Setup) -> tuple[VideoScorer, None]:
        return VideoScorer(build(setup.settings), None, setup.settings.every), None

    return Method("nothing", build_scorer, _score_benchmarks, settings, has_schedule=False, reference=reference)


def _network(training: type[SplitTraining], feature_dim: int, setup: Setup) -> nn.Module:
    return training(feature_dim, [[0]], asdict(setup.settings)).networks[0]


def _build(training: type[SplitTraining], setup: Setup) -> tuple[SplitTraining, VideoDataModule]:
    config, settings = setup.config, setup.settings
    name = config.method["name"]
    if training.is_supervised and config.splits == "none":
        raise MaesumError(
            f"method={name} learns from annotations, so with splits=none it would be scored on the videos that it was "
            "trained on; give splits=paper5 or a JSON file."
        )
    (benchmark,) = setup.benchmarks
    annotations, store, source = benchmark.annotations, benchmark.features, config.splits
    if clause := frames_kept(settings.every, store.frame_step):
        say(f"{benchmark.name}: features {clause}")
    if zeros := remark_on_zeros(store):
        say(zeros)
    splits = resolve_splits(load_splits(source, annotations.name, len(annotations)), annotations.video_ids, source)
    tested: list[set[str]] = [set(split) for split in splits] or [set()]
    training_videos = [
        [number for number, video_id in enumerate(annotations.video_ids) if video_id not in split] for split in tested
    ]
    learnt_from = annotations if training.is_supervised else None
    videos = WholeVideos(
        store, annotations.video_ids, settings.every, config.seed, learnt_from, set().union(*training_videos)
    )
    return training(store.dim, training_videos, asdict(settings)), VideoDataModule(videos)


def _score_splits(
    module: SplitTraining, data: VideoDataModule, trainer: L.Trainer, setup: Setup, folder: Path
) -> Metrics:
    (benchmark,) = setup.benchmarks
    module.to(trainer.strategy.root_device)
    scorers = [module.scorer(number) for number in range(len(module.networks))]
    return score_by_split(scorers, benchmark, setup.config, folder, is_supervised=module.is_supervised)


def _score_benchmarks(scorer: VideoScorer, data: None, trainer: L.Trainer, setup: Setup, folder: Path) -> Metrics:
    config, device = setup.config, trainer.strategy.root_device
    return predict_benchmarks(
        scorer.to(device),
        setup.benchmarks,
        folder,
        config.scoring,
        {"scorer": config.method["name"], "supervised": "no"},
        device=device,
        figures=config.figures,
        seed=config.seed,
    )


def _predictor(training: type[SplitTraining], content: dict[str, Any], path: str | Path) -> VideoScorer:
    """Return a scorer for the videos of any benchmark, from a checkpoint that holds one network.

    Raises:
        MaesumError: the checkpoint holds several networks, or its weights do not fit its own settings.
    """
    parameters: Any = content.get("hyper_parameters")
    try:
        with torch.device("meta"):
            module = training(**parameters)
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError, RuntimeError) as error:
        raise MaesumError(f"{path}: field 'hyper_parameters' describes no network ({first_line(error)}).") from None
    if len(module.networks) != 1:
        raise MaesumError(
            f"{path}: holds {len(module.networks)} networks, one for each split, and none of them may score the videos "
            "that it was trained on; take the scores of each that its run left in scores/, or train with splits=none."
        )
    check_weights(content.get("state_dict"), module.state_dict(), path)  # before any memory is taken
    module = training(**parameters)
    module.load_state_dict(content["state_dict"])
    return module.scorer(0).eval()

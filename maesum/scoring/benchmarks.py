"""One benchmark: are its files fit to be scored, the scores of every frame, and a figure of each video."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from maesum.data.benchmark import Benchmark
from maesum.data.joining import check_features_match
from maesum.data.origin import FeatureOrigin, differences, in_frames, training_attributes
from maesum.data.scores import Scores, write_scores
from maesum.data.store import FeatureStore
from maesum.data.zeros import remark_on_zeros
from maesum.evaluation.figures import importance_figure
from maesum.scoring import Reconstructor, ScoringSettings, evenly_spread, frames_to_score, importance_over_ranks
from maesum.scoring.whole_video import VideoScorer, picks_of
from maesum.system.errors import MaesumError
from maesum.system.printing import say
from maesum.system.progress import progress_bar, track


def check_benchmarks(benchmarks: dict[str, dict[str, Any]], feature_dim: int | None) -> None:
    """Refuse benchmarks that cannot be scored, before anything is trained or written.

    Args:
        feature_dim: the width that the model takes; None where any will do.

    Raises:
        MaesumError: files that cannot be read, features and annotations that do not fit each other or the model.
    """
    for config in benchmarks.values():
        store = FeatureStore(config["features"])
        benchmark = Benchmark(config["annotations"])
        check_features_match(
            benchmark, store.video_ids, store.lengths.tolist(), store.frame_step, store.paths[0], store.fps
        )
        if feature_dim not in (None, store.dim):
            raise MaesumError(
                f"{store.paths[0]}: features are {store.dim} wide, but the checkpoint was trained on {feature_dim}; "
                "use features of the same backbone."
            )
        if config["stride"] < 1:
            raise MaesumError(f"the test stride is {config['stride']}, wanted at least 1.")


def score_benchmark(
    name: str,
    predictor: Reconstructor | VideoScorer | None,
    benchmark: Benchmark,
    config: dict[str, Any],
    path: Path,
    settings: ScoringSettings,
    attributes: dict[str, str],
    device: torch.device | str | None = None,
    trained_on: FeatureOrigin | None = None,
) -> None:
    """Score every frame of one benchmark; the first rank writes the scores file.

    Args:
        trained_on: where the features come from that the predictor was trained on; None where nobody knows.
    """
    store = FeatureStore(config["features"])
    if is_first_rank():
        for line in _remarks(store.origin, trained_on, config["stride"]):
            say(f"{name}: {line}")
        zeros = remark_on_zeros(store)
        if zeros is not None:
            say(zeros)
    scores: dict[str, np.ndarray] = {}
    to_score = sum(len(frames_to_score(len(store[video_id]), settings.every)) for video_id in benchmark.video_ids)
    with progress_bar(f"scoring {name}", to_score) as advance:
        for video_id in benchmark.video_ids:
            if predictor is None:
                scores[video_id] = evenly_spread(len(store[video_id]))
                continue
            if isinstance(predictor, VideoScorer):
                scores[video_id] = predictor.importance(store[video_id])
                continue
            try:
                scores[video_id] = importance_over_ranks(
                    predictor, store[video_id], config["stride"], settings, device=device, on_progress=advance
                )
            except MaesumError as error:
                raise MaesumError(f"{store.paths[0]}: video '{video_id}': {error}") from None
    if is_first_rank():
        origin = {"benchmark": name, "stride": config["stride"], "frame_step": store.frame_step}
        origin |= {"backbone": store.backbone, **training_attributes(trained_on)}
        laid = {name: value for name, value in asdict(settings).items() if name != "batch_size"}  # decides nothing
        described = {**origin, **laid, **attributes}
        kept = predictor.every if isinstance(predictor, VideoScorer) else 1
        write_scores(path, scores, described, picks_of(scores, kept * store.frame_step))


def _remarks(given: FeatureOrigin, trained_on: FeatureOrigin | None, stride: int) -> list[str]:
    """How many frames a stride is where that is not its number, and in what the model's own features differ."""
    differing = differences(given, trained_on, stride)
    is_told = trained_on is not None and trained_on.frame_step != given.frame_step
    return differing if is_told or given.frame_step == 1 else [*differing, in_frames(given, stride)]


def draw_figures(name: str, benchmark: Benchmark, scores: Scores, folder: Path) -> None:
    """One figure a video in the manner of the paper's Figure 3."""
    for video_id in track(benchmark.video_ids, f"drawing {name}", len(benchmark)):
        video = benchmark[video_id]
        title = f"{name} {video_id}: {video.name}"
        importance_figure(
            folder / f"{video_id}.png", title, video.user_scores, scores[video_id], video.fps, scores.picks(video_id)
        )


def is_first_rank() -> bool:
    """Whether this process writes files and prints."""
    return not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0

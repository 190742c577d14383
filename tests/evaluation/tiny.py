"""A benchmark of four short videos, and scores of them, for tests of what is computed from the two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maesum.data.benchmark import Benchmark, VideoAnnotation, write_benchmark
from maesum.data.scores import Scores, write_scores
from maesum.evaluation import Evaluation
from maesum.metrics import uniform_shots

LENGTHS = {"video_1": 400, "video_2": 331, "video_10": 620, "video_3": 450}


def annotation(video_id: str, kind: str, stored_shots: bool = False) -> VideoAnnotation:
    n_frames, rng = LENGTHS[video_id], np.random.default_rng(list(LENGTHS).index(video_id))
    users = 1 if kind == "events" else 4
    segments = rng.integers(1, 6, (users, n_frames // 20 + 1))
    if kind != "ratings":
        segments = np.where(segments > 3, segments if kind == "selections" else 1, 0)
    user_scores = np.repeat(segments, 20, axis=1)[:, :n_frames].astype(np.uint8)
    shots = uniform_shots(n_frames, 40) if stored_shots else None
    return VideoAnnotation(video_id, user_scores, 10.0, f"the video {video_id}", shots, None)


def tiny_benchmark(folder: Path, kind: str = "ratings", name: str = "tiny", stored_shots: bool = False) -> Benchmark:
    """Write and open a benchmark of a kind."""
    path = folder / f"{name}_{kind}_{stored_shots}.h5"
    annotations = [annotation(video_id, kind, stored_shots) for video_id in LENGTHS]
    write_benchmark(path, name, kind, annotations, source="made up")
    return Benchmark(path)


def tiny_scores(
    folder: Path, name: str = "scores", step: int = 1, quality: float = 0.5, change: dict[str, Any] | None = None
) -> Scores:
    """Write and open scores of every `step`-th frame.

    Args:
        quality: the weight of the mean rating, beside noise of variance 1.
        change: other scores of some videos by id; None leaves a video out.
    """
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {}
    for video_id, n_frames in LENGTHS.items():
        truth = annotation(video_id, "ratings").user_scores.mean(axis=0)
        values[video_id] = (quality * truth + rng.normal(size=n_frames))[::step]
    values |= change or {}
    values = {video_id: value for video_id, value in values.items() if value is not None}
    picks = {video_id: np.arange(len(value)) * step for video_id, value in values.items()}
    path = folder / f"{name}.h5"
    write_scores(path, values, {"stride": 2}, picks if step > 1 else None)
    return Scores(path)


def table(evaluation: Evaluation, name: str = "paper") -> Any:
    return next(each for each in evaluation.tables if each.name == name)

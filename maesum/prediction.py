"""The prediction loop: score every frame of every benchmark video, write the scores, compute tau and rho."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from maesum.data.benchmark import Benchmark
from maesum.data.joining import check_features_match
from maesum.data.scores import write_scores
from maesum.data.store import FeatureStore
from maesum.errors import MaesumError
from maesum.progress import progress_bar
from maesum.scoring import Reconstructor, ScoringSettings, evenly_spread, importance_over_ranks


@dataclass
class Scored:
    """A benchmark's videos with the importance of their frames, as far as rank 0 wrote them."""

    name: str
    benchmark: Benchmark
    scores_path: Path
    scores: dict[str, np.ndarray] = field(repr=False)


def score_benchmark(
    name: str,
    predictor: Reconstructor | None,
    config: dict[str, Any],
    scores_path: Path,
    settings: ScoringSettings,
    attributes: dict[str, Any],
    device: torch.device | str | None = None,
) -> Scored:
    """Score every frame of one benchmark and write the scores file.

    Args:
        name: the benchmark's name in the config, which names its files and metrics.
        predictor: a model or a training-free reconstruction; None = the `uniform` order.
        config: fields of `config.BenchmarkConfig`.
        attributes: what the scores file says about its origin, besides stride and window.

    Raises:
        MaesumError: features and annotations that do not fit each other or the model.
    """
    benchmark = Benchmark(config["annotations"])
    store = FeatureStore(config["features"])
    check_features_match(benchmark, store.video_ids, store.lengths.tolist(), store.frame_step, store.paths[0])
    _check_width(predictor, store)
    scores: dict[str, np.ndarray] = {}
    frames = sum(int(store.lengths[store.index(video_id)]) for video_id in benchmark.video_ids)
    with progress_bar(f"scoring {name}", frames) as advance:
        for video_id in benchmark.video_ids:
            features = store[video_id]
            if predictor is None:
                scores[video_id] = evenly_spread(len(features))
                advance(len(features))
                continue
            try:
                scores[video_id] = importance_over_ranks(
                    predictor, features, config["stride"], settings, device=device, on_progress=advance
                )
            except MaesumError as error:
                raise MaesumError(f"{store.paths[0]}: video '{video_id}': {error}") from None
    picks = None
    if store.frame_step > 1:
        picks = {video_id: np.arange(len(values)) * store.frame_step for video_id, values in scores.items()}
    if is_first_rank():
        described = {"benchmark": name, "stride": config["stride"], **vars(settings), **attributes}
        write_scores(scores_path, scores, described, picks)
    return Scored(name, benchmark, scores_path, scores)


def is_first_rank() -> bool:
    """Whether this process writes files and prints."""
    return not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0


def _check_width(predictor: Reconstructor | None, store: FeatureStore) -> None:
    wanted = getattr(predictor, "feature_dim", store.dim)
    if wanted != store.dim:
        raise MaesumError(
            f"{store.paths[0]}: features are {store.dim} wide, but the checkpoint was trained on {wanted}; use features of "
            "the same backbone."
        )

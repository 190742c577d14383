"""Score every frame of a benchmark, and draw a figure of each video."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from maesum.data.opened import OpenBenchmark
from maesum.data.origin import FeatureOrigin, differences, frames_kept, in_frames, training_attributes
from maesum.data.scores import Scores, write_scores
from maesum.data.zeros import remark_on_zeros
from maesum.evaluation.figures import importance_figure
from maesum.scoring import Reconstructor, ScoringSettings, evenly_spread, frames_to_score, importance_over_ranks
from maesum.scoring.whole_video import VideoScorer, picks_of
from maesum.system.errors import MaesumError
from maesum.system.printing import say
from maesum.system.progress import progress_bar, track


def score_benchmark(
    predictor: Reconstructor | VideoScorer | None,
    benchmark: OpenBenchmark,
    path: Path,
    settings: ScoringSettings,
    attributes: dict[str, str],
    device: torch.device | str | None = None,
    trained_on: FeatureOrigin | None = None,
) -> None:
    """Score every frame of one benchmark; the first rank writes the scores file.

    Args:
        trained_on: origin of the features that the predictor was trained on; None = unknown.
    """
    name, store, stride = benchmark.name, benchmark.features, benchmark.stride
    video_ids = benchmark.annotations.video_ids
    if is_first_rank():
        for line in _remarks(store.origin, trained_on, stride):
            say(f"{name}: {line}")
        if isinstance(predictor, VideoScorer) and (clause := frames_kept(predictor.every, store.frame_step)):
            say(f"{name}: features {clause}")
        if zeros := remark_on_zeros(store):
            say(zeros)
    scores: dict[str, np.ndarray] = {}
    to_score = sum(len(frames_to_score(len(store[video_id]), settings.every)) for video_id in video_ids)
    with progress_bar(f"scoring {name}", to_score) as advance:
        for video_id in video_ids:
            if predictor is None:
                scores[video_id] = evenly_spread(len(store[video_id]))
                continue
            if isinstance(predictor, VideoScorer):
                scores[video_id] = predictor.importance(store[video_id], store.frame_step)
                continue
            try:
                scores[video_id] = importance_over_ranks(
                    predictor, store[video_id], stride, settings, device=device, on_progress=advance
                )
            except MaesumError as error:
                raise MaesumError(f"{store.paths[0]}: video '{video_id}': {error}") from None
    if is_first_rank():
        origin = {"benchmark": name, "stride": stride, "frame_step": store.frame_step}
        origin |= {"backbone": store.backbone, **training_attributes(trained_on)}
        windows = {name: value for name, value in asdict(settings).items() if name != "batch_size"}  # decides nothing
        described = {**origin, **windows, **attributes}
        if isinstance(predictor, VideoScorer):
            picks = predictor.picks(scores, store.frame_step)
        else:
            picks = picks_of(scores, store.frame_step)
        write_scores(path, scores, described, picks)


def _remarks(given: FeatureOrigin, trained_on: FeatureOrigin | None, stride: int) -> list[str]:
    """Return lines on how these features differ from the predictor's own, and on how many video frames a stride is."""
    differing = differences(given, trained_on, stride)
    says_stride = trained_on is not None and trained_on.frame_step != given.frame_step
    return differing if says_stride or given.frame_step == 1 else [*differing, in_frames(given, stride)]


def draw_figures(benchmark: OpenBenchmark, scores: Scores, folder: Path) -> None:
    """Draw one figure for each video, in the style of the paper's Figure 3."""
    annotations = benchmark.annotations
    for video_id in track(annotations.video_ids, f"drawing {benchmark.name}", len(annotations)):
        video = annotations[video_id]
        title = f"{benchmark.name} {video_id}: {video.name}"
        importance_figure(
            folder / f"{video_id}.png", title, video.user_scores, scores[video_id], video.fps, scores.picks(video_id)
        )


def is_first_rank() -> bool:
    """Return whether this process is the one that writes files and prints."""
    return not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0

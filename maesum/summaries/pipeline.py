"""From videos to summaries: features, importance, shots, selection, then the files and the page."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from maesum.data.features import write_features
from maesum.data.origin import differences, training_attributes
from maesum.data.scores import write_scores
from maesum.data.store import FeatureStore
from maesum.errors import MaesumError
from maesum.metrics.alignment import hold
from maesum.models import MaskedAutoencoder
from maesum.printing import say
from maesum.progress import progress_bar
from maesum.scoring import ScoringSettings, importance
from maesum.summaries.outputs import write_figure, write_keyshots, write_scores_csv
from maesum.summaries.page import PageVideo, write_page
from maesum.summaries.playable import browser_copy
from maesum.summaries.recording import record
from maesum.summaries.selection import Selection, find_shots, select
from maesum.summaries.survey import survey
from maesum.tasks.checkpoints import Pretrained, load_pretrained
from maesum.vision.encoding import Encoder
from maesum.vision.extraction import extract
from maesum.vision.videos import Video


@dataclass(frozen=True)
class SummarySettings:
    """What decides about a summary; the keys of `config.SummarizeConfig`."""

    budget: float = 0.15
    ckpt: str | None = None
    quality: str = "normal"
    every: int = 1
    stride: int = 2
    seed: int = 0
    accelerator: str = "auto"
    scoring: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """One finished summary.

    Attributes:
        folder: that holds its files.
        seconds: length of summary.mp4.
        of_seconds: length of the video.
    """

    video_id: str
    folder: Path
    selection: Selection
    seconds: float
    of_seconds: float


@dataclass(frozen=True)
class Summaries:
    """What a run made: the summaries, the page, and the videos left out with the reason."""

    summaries: list[Summary]
    page: Path
    is_self_contained: bool
    left_out: dict[str, str]


def summarize(
    videos: Sequence[Video], out: Path, encoder: Encoder, settings: SummarySettings, workers: int | None = None
) -> Summaries:
    """Summarise videos into a folder.

    One video's files stand in `out` itself; several get a folder each. `features.h5`, `scores.h5` and `index.html` in
    `out` are for all of them.

    Raises:
        MaesumError: no video can be read or is long enough, a checkpoint that does not fit, or a budget too small.
    """
    extracted = extract(videos, out / "features.h5", encoder, settings.every, workers)
    store = FeatureStore(extracted.path)
    pretrained = _pretrained(store, settings)
    model, left_out = _model(pretrained, store, settings, extracted.failures)
    kept = [video for video in videos if video.video_id not in left_out]
    results, pages = [], []
    importances: dict[str, np.ndarray] = {}
    with progress_bar("summarising", len(kept)) as advance:
        for video in kept:
            scores = _importance(model, store, video.video_id, settings)
            importances[video.video_id] = scores
            folder = out if len(videos) == 1 else out / video.video_id
            result, page = _summarize_one(video, folder, store, scores, settings)
            results.append(result)
            pages.append(page)
            advance(1)
    how: dict[str, str | int | float] = {
        "stride": settings.stride,
        "backbone": store.backbone,
        "model": model_name(settings),
        **training_attributes(pretrained.trained_on if pretrained is not None else None),
    }
    write_scores(out / "scores.h5", importances, how)
    index = out / "index.html"
    embedded = write_page(index, pages, settings.budget, _made(how))
    return Summaries(results, index, embedded, left_out)


def model_name(settings: SummarySettings) -> str:
    """What scored the frames, for files and page."""
    return settings.ckpt or f"trained on these videos (quality={settings.quality}, seed={settings.seed})"


def _made(how: dict[str, Any]) -> str:
    return f"Made with maesum. Features: {how['backbone']}. Model: {how['model']}."


def _pretrained(store: FeatureStore, settings: SummarySettings) -> Pretrained | None:
    """What `ckpt=` names; says in what its features differ from those of the videos."""
    if settings.ckpt is None:
        return None
    pretrained = load_pretrained(settings.ckpt)
    width = pretrained.model.feature_dim
    if width != store.dim:
        raise MaesumError(
            f"{settings.ckpt}: was trained on features {width} wide, but backbone {store.backbone} gives {store.dim}; "
            "choose the backbone= it was trained with."
        )
    for line in differences(store.origin, pretrained.trained_on, settings.stride):
        say(f"{settings.ckpt}: {line}")
    return pretrained


def _model(
    pretrained: Pretrained | None, store: FeatureStore, settings: SummarySettings, failures: dict[str, str]
) -> tuple[MaskedAutoencoder, dict[str, str]]:
    """The model that scores, and the videos it cannot score with the reason."""
    model = pretrained.model if pretrained is not None else None
    window = 30 if model is None else model.frames
    lengths = dict(zip(store.video_ids, store.lengths.tolist(), strict=True))
    short = {
        video_id: f"has {rows} frames with every={settings.every}, wanted at least {window}"
        for video_id, rows in lengths.items()
        if rows < window
    }
    long = [video_id for video_id in store if video_id not in short]
    if not long:
        video_id, reason = next(iter(short.items()))
        raise MaesumError(f"video '{video_id}' {reason}; give a longer video or a smaller every=.")
    return model or _trained(store, long, settings), {**failures, **short}


def _trained(store: FeatureStore, video_ids: list[str], settings: SummarySettings) -> MaskedAutoencoder:
    from maesum.summaries.training import train_on

    with tempfile.TemporaryDirectory() as folder:
        path = store.paths[0]
        if len(video_ids) < len(store):  # training takes a whole file, so the short videos are left out of a copy
            path = Path(folder) / "features.h5"
            arrays = [store[video_id].numpy() for video_id in video_ids]
            write_features(path, video_ids, [len(array) for array in arrays], arrays, dtype=str(arrays[0].dtype))
        return train_on(path, settings.quality, settings.seed, settings.accelerator)


def _importance(model: MaskedAutoencoder, store: FeatureStore, video_id: str, settings: SummarySettings) -> np.ndarray:
    """The importance of every frame, float32 [n_frames]; between the frames that were kept it is held."""
    values = importance(model, store[video_id], settings.stride, ScoringSettings(**settings.scoring))
    if store.frame_step == 1:
        return values
    assert store.n_frames is not None  # extraction always writes them
    n_frames = int(store.n_frames[store.index(video_id)])
    return hold(values, np.arange(len(values)) * store.frame_step, n_frames)


def _summarize_one(
    video: Video, folder: Path, store: FeatureStore, scores: np.ndarray, settings: SummarySettings
) -> tuple[Summary, PageVideo]:
    assert store.fps is not None
    fps = store.fps[store.index(video.video_id)]
    shots = find_shots(store[video.video_id].float().numpy(), settings.every, len(scores), fps)
    selection = select(scores, shots, settings.budget, video.video_id)
    middles = [(first + last) // 2 for first, last in shots.tolist()]
    seen = survey(video.path, middles, len(scores))
    times = seen.times - seen.times[0]  # files write and pages play from 0
    written = record(video.path, folder / "summary.mp4", selection.runs, seen.times)
    write_scores_csv(folder / "scores.csv", scores, times, selection)
    write_keyshots(folder / "keyshots.json", video.video_id, times, selection)
    write_figure(folder / "importance.png", video.video_id, scores, times, selection)
    page = PageVideo(
        video.video_id,
        scores,
        selection,
        times,
        [seen.thumbnails[frame] for frame in middles],
        browser_copy(video.path, folder, seen.times),
        folder / "summary.mp4",
        written,
    )
    return Summary(video.video_id, folder, selection, written, float(times[-1])), page

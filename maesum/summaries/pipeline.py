"""Summarise videos: features and a model for all, then one video after the other, then the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maesum.config.videos import SummarySettings
from maesum.data.origin import training_attributes
from maesum.data.scores import write_scores
from maesum.data.store import FeatureStore
from maesum.summaries.one_video import Summary, summarize_one
from maesum.summaries.page import PageVideo, write_page
from maesum.summaries.scoring_model import model_name, pretrained_model, scoring_model, tell_differences
from maesum.summaries.selection import BudgetTooSmall
from maesum.system.errors import MaesumError
from maesum.system.progress import progress_bar
from maesum.vision.container import UnreadableVideo
from maesum.vision.encoding import Encoder
from maesum.vision.extraction import extract
from maesum.vision.videos import Video


@dataclass(frozen=True)
class Summaries:
    """The results of a run.

    Attributes:
        summaries: one for each video that could be summarised.
        page: the HTML file that shows them.
        is_self_contained: whether the videos are embedded in the page.
        left_out: why other videos could not be summarised, by video id.
        warnings: faults of videos that were summarised nevertheless, by video id.
    """

    summaries: list[Summary]
    page: Path
    is_self_contained: bool
    left_out: dict[str, str]
    warnings: dict[str, str]


def summarize(
    videos: Sequence[Video], out: Path, encoder: Encoder, settings: SummarySettings, workers: int | None = None
) -> Summaries:
    """Summarise videos into a folder.

    The files of a single video are written to `out` itself; several videos get a folder each. `features.h5`,
    `scores.h5` and `index.html` in `out` cover all videos. Videos that cannot be summarised are left out, with reasons.

    Raises:
        MaesumError: no video can be summarised, or a checkpoint that does not fit.
    """
    pretrained = pretrained_model(encoder, settings)  # before the videos are decoded, which takes long
    extracted = extract(videos, out / "features.h5", encoder, settings.every, workers, others="drop")
    store = FeatureStore(extracted.path)
    tell_differences(store, pretrained, settings)
    model, left_out = scoring_model(pretrained, store, settings, extracted.failures)
    kept = [video for video in videos if video.video_id not in left_out]
    results: list[Summary] = []
    pages: list[PageVideo] = []
    with progress_bar("summarising", len(kept)) as advance:
        for video in kept:
            folder = out if len(videos) == 1 else out / video.video_id
            try:
                result, page = summarize_one(video, folder, model, store, settings)
                results.append(result)
                pages.append(page)
            except (UnreadableVideo, BudgetTooSmall) as error:  # a fault of this video alone
                left_out[video.video_id] = str(error)
            advance(1)
    if not results:
        raise MaesumError(left_out[kept[0].video_id])
    how: dict[str, str | int | float] = {
        "stride": settings.stride,
        "backbone": store.backbone,
        "model": model_name(settings),
        **training_attributes(pretrained.trained_on if pretrained is not None else None),
    }
    write_scores(out / "scores.h5", {result.video_id: result.importance for result in results}, how)
    index = out / "index.html"
    embedded = write_page(index, pages, settings.budget, _made(how))
    return Summaries(results, index, embedded, left_out, _warnings(extracted.remarks, results))


def _warnings(remarks: dict[str, str], results: Sequence[Summary]) -> dict[str, str]:
    """Return what is wrong with the picture and sound of the summarised videos, by video id."""
    texts = {
        result.video_id: [text for text in (remarks.get(result.video_id), *result.remarks) if text]
        for result in results
    }
    return {video_id: "; ".join(found) for video_id, found in texts.items() if found}


def _made(how: dict[str, Any]) -> str:
    return f"Made with maesum. Features: {how['backbone']}. Model: {how['model']}."

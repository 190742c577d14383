"""Summarise one video whose features are extracted: importance, shots, selection and files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maesum.config.videos import SummarySettings
from maesum.data.store import FeatureStore
from maesum.metrics.alignment import hold
from maesum.models import MaskedAutoencoder
from maesum.scoring import importance
from maesum.summaries.outputs import write_figure, write_keyshots, write_scores_csv
from maesum.summaries.page import PageVideo
from maesum.summaries.playable import browser_copy
from maesum.summaries.recording import record
from maesum.summaries.selection import Selection, find_shots, select
from maesum.summaries.ticks import ticks_of
from maesum.vision.clock import Timeline
from maesum.vision.container import UnreadableVideo
from maesum.vision.decode import timeline_of
from maesum.vision.videos import Video


@dataclass(frozen=True)
class Summary:
    """One finished summary.

    Attributes:
        folder: the folder with its files.
        importance: float32 [n_frames].
        seconds: length of summary.mp4.
        of_seconds: length of the video.
        remarks: what is wrong with the sound of the video.
    """

    video_id: str
    folder: Path
    importance: np.ndarray
    selection: Selection
    seconds: float
    of_seconds: float
    remarks: tuple[str, ...]


def summarize_one(
    video: Video, folder: Path, model: MaskedAutoencoder, store: FeatureStore, settings: SummarySettings
) -> tuple[Summary, PageVideo]:
    """Score and summarise a video into a folder.

    Raises:
        UnreadableVideo: the file has changed since its features were made.
        BudgetTooSmall: no shot fits.
    """
    scores = _importance(model, store, video.video_id, settings)
    timeline = current_timeline(video.path, len(scores))
    ticks = ticks_of(timeline.times)
    shots = find_shots(store[video.video_id].float().numpy(), settings.every, ticks)
    selection = select(scores, shots, settings.budget, video.video_id, ticks)
    middles = [(first + last) // 2 for first, last in shots.tolist()]
    times = timeline.times - timeline.times[0]  # files and pages count time from 0
    written = record(video.path, folder / "summary.mp4", selection.runs, timeline, pictured=middles)
    write_scores_csv(folder / "scores.csv", scores, times, selection)
    write_keyshots(folder / "keyshots.json", video.video_id, times, selection)
    write_figure(folder / "importance.png", video.video_id, scores, times, selection)
    page = PageVideo(
        video.video_id,
        scores,
        selection,
        times,
        [written.thumbnails[frame] for frame in middles],
        browser_copy(video.path, folder, timeline),
        folder / "summary.mp4",
        written.seconds,
    )
    remarks = written.remarks
    return Summary(video.video_id, folder, scores, selection, written.seconds, timeline.seconds, remarks), page


def current_timeline(path: str | Path, n_frames: int) -> Timeline:
    """Return when the frames of a video are shown.

    Args:
        n_frames: number of frames that its features were made of.

    Raises:
        UnreadableVideo: no frame can be decoded, or the file now has another number of frames.
    """
    found = []
    for threads in (0, 1, max(1, (os.cpu_count() or 1) - 1)):  # extraction took one of these
        timeline = timeline_of(path, threads)
        if timeline.n_frames == n_frames:
            return timeline
        if not timeline.remarks:  # a whole file gives the same frames with any number
            raise UnreadableVideo(
                f"{path}: has {timeline.n_frames} frames, but its features are of {n_frames}; run the command again."
            )
        found.append(timeline.n_frames)
    raise UnreadableVideo(
        f"{path}: is damaged, and decoding it gave {n_frames} frames at first and {found[0]} again; mend or convert it."
    )


def _importance(model: MaskedAutoencoder, store: FeatureStore, video_id: str, settings: SummarySettings) -> np.ndarray:
    """Return the importance of every frame, float32 [n_frames]; each kept frame's is held until the next."""
    values = importance(model, store[video_id], settings.stride, settings.scoring)
    if store.frame_step == 1:
        return values
    assert store.n_frames is not None  # extraction always writes them
    n_frames = int(store.n_frames[store.index(video_id)])
    return hold(values, np.arange(len(values)) * store.frame_step, n_frames)

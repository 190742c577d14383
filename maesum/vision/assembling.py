"""Write the features file, and the lists beside it, from the videos that this and earlier runs have finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maesum.data.features import write_features
from maesum.vision import preprocessing
from maesum.vision.earlier import Earlier, Made
from maesum.vision.failures import failures_path, warnings_path, write_listing
from maesum.vision.fingerprint import Fingerprint
from maesum.vision.journal import Journal
from maesum.vision.videos import Video


@dataclass(frozen=True)
class Part:
    """One video of the features file to write.

    Attributes:
        length: number of feature rows.
        rows: function that returns the rows, [length, D].
    """

    video_id: str
    label: str
    length: int
    n_frames: int
    fps: float
    made: Made
    rows: Callable[[], np.ndarray]


def part_of_journal(journal: Journal, video: Video, settings: dict[str, Any]) -> Part:
    """Return a video that this extraction, or the stopped one that it continues, has finished."""
    entry = journal.finished[video.video_id]
    made = Made(Fingerprint(**entry.source), settings["weights"], settings["precision"], tuple(entry.remarks))
    return Part(
        video.video_id, video.label or "", entry.length, entry.n_frames, entry.fps, made, lambda: journal.rows(entry)
    )


def part_of_earlier(earlier: Earlier, video_id: str, label: str | None) -> Part:
    """Return a video whose rows are kept from the existing file, with its current label."""
    return Part(
        video_id,
        label or "",
        earlier.length(video_id),
        earlier.n_frames(video_id),
        earlier.fps(video_id),
        earlier.made[video_id],
        lambda: earlier.rows(video_id),
    )


def write_parts(
    out: Path, parts: Sequence[Part], settings: dict[str, Any], shard: tuple[int, int] | None = None
) -> None:
    """Write the features file; parts may be read from the existing file that is replaced.

    Args:
        shard: number (from 1) and count of shards, if these videos are a part of a set.
    """
    labels = [part.label for part in parts]
    write_features(
        out,
        [part.video_id for part in parts],
        [part.length for part in parts],
        (part.rows() for part in parts),
        dtype=settings["dtype"],
        backbone=settings["backbone"],
        preprocessing=preprocessing.DESCRIPTION,
        frame_step=settings["every"],
        fps=[part.fps for part in parts],
        labels=labels if any(labels) else None,
        n_frames=[part.n_frames for part in parts],
        shard=shard,
        sources=[part.made.as_line() for part in parts],
    )


def write_lists(
    out: Path, videos: Sequence[Video], failures: dict[str, str], remarks: dict[str, str]
) -> tuple[Path | None, Path | None]:
    """Write the lists of failures and of warnings beside the features file; None for one that would be empty."""
    return (
        write_listing(failures_path(out), videos, failures),
        write_listing(warnings_path(out), videos, remarks, column="warning"),
    )


def remarks_on(parts: Sequence[Part]) -> dict[str, str]:
    """Return, by video id, what is wrong with each damaged video that is used, in one text per video."""
    return {part.video_id: "; ".join(part.made.remarks) for part in parts if part.made.remarks}

"""The list of videos that could not be extracted, a CSV file beside the features."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from maesum.files import atomic_path
from maesum.vision.videos import Video

_COLUMNS = ("video_id", "path", "reason")


def failures_path(out: Path) -> Path:
    """The list that belongs to a features file."""
    return out.with_name(f"{out.name}.failures.csv")


def write_failures(out: Path, failed: Sequence[Video], reasons: Mapping[str, str]) -> Path | None:
    """Write the list, or remove an old one where nothing failed.

    Args:
        out: the features file.
        reasons: by video id.
    """
    path = failures_path(out)
    if not failed:
        path.unlink(missing_ok=True)
        return None
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([video.video_id, str(video.path), reasons[video.video_id]] for video in failed)
    return path


def read_failures(out: Path) -> dict[str, str]:
    """Reason by video id, as the list of a features file says; empty without one."""
    path = failures_path(out)
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["video_id"]: row["reason"] for row in csv.DictReader(file)}

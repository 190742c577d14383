"""Write the CSV lists beside a features file: videos that could not be extracted, and damaged videos."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from maesum.system.files import atomic_path
from maesum.vision.videos import Video


def failures_path(out: Path) -> Path:
    """Return the path of the list of the videos that could not be extracted, with the reasons."""
    return out.with_name(f"{out.name}.failures.csv")


def warnings_path(out: Path) -> Path:
    """Return the path of the list of the damaged videos that are in a features file."""
    return out.with_name(f"{out.name}.warnings.csv")


def write_listing(path: Path, videos: Iterable[Video], texts: Mapping[str, str], column: str = "reason") -> Path | None:
    """Write a list, or remove an old one if there is nothing to list.

    Args:
        texts: text by video id; videos without one are not listed.
        column: column name of the texts.
    """
    listed = [video for video in videos if video.video_id in texts]
    if not listed:
        path.unlink(missing_ok=True)
        return None
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("video_id", "path", column))
        writer.writerows([video.video_id, str(video.path), texts[video.video_id]] for video in listed)
    return path


def read_failures(out: Path) -> dict[str, str]:
    """Read the list of failures beside a features file: reason by video id; empty if there is no list."""
    path = failures_path(out)
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["video_id"]: row["reason"] for row in csv.DictReader(file)}

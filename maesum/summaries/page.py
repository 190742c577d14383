"""Write the page: one HTML file that plays the videos beside their importance, shots and selection, offline."""

from __future__ import annotations

import base64
import html
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from maesum.summaries.selection import Selection
from maesum.system.files import atomic_path

#: Videos of up to this many bytes in all are embedded in the page; larger ones are linked as files beside it.
EMBEDDED_BYTES = 64_000_000
#: Points of the drawn curve: a screen shows no more.
_CURVE_POINTS = 2000


@dataclass(frozen=True)
class PageVideo:
    """The data that the page shows for one video.

    Attributes:
        importance: [n_frames].
        times: [n_frames + 1] seconds from the start of the video.
        thumbnails: JPEG bytes of each shot, in order.
        original: a file that browsers play, in the page's folder or below.
        summary: the summary file, in the page's folder or below.
        summary_seconds: length of the summary.
    """

    video_id: str
    importance: np.ndarray
    selection: Selection
    times: np.ndarray
    thumbnails: Sequence[bytes]
    original: Path
    summary: Path
    summary_seconds: float


def write_page(path: Path, videos: Sequence[PageVideo], budget: float, made: str) -> bool:
    """Write the page.

    Args:
        made: one sentence on how the summaries were made.

    Returns:
        Whether the videos are embedded; if not, the page needs the files beside it.
    """
    files = {f"{number}-{kind}": file for number, video in enumerate(videos) for kind, file in _files(video).items()}
    embedded = sum(file.stat().st_size for file in files.values()) <= EMBEDDED_BYTES
    data = {
        "budget": budget,
        "made": made,
        "videos": [_described(video, number) for number, video in enumerate(videos)],
        "files": {} if embedded else {name: file_address(file, path.parent) for name, file in files.items()},
    }
    template = resources.files("maesum.summaries").joinpath("page.html").read_text(encoding="utf-8")
    before, between, after = _parts(template)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(before + _script_json(data) + between)
        for name, video in files.items() if embedded else ():
            content = base64.b64encode(video.read_bytes()).decode()
            file.write(
                f'<script type="text/plain" id="media-{name}" data-type="{media_type(video)}">{content}</script>\n'
            )
        file.write(after)
    return embedded


def media_type(path: Path) -> str:
    """Return the media type of a video file for browsers."""
    return html.escape({".webm": "video/webm"}.get(path.suffix.lower(), "video/mp4"))


def curve(importance: np.ndarray, times: np.ndarray, points: int = _CURVE_POINTS) -> list[list[float]]:
    """Return the points [seconds, importance] of the curve; in long videos each is the maximum of an interval."""
    width = math.ceil(len(importance) / points)
    starts = np.arange(0, len(importance), width)
    highest = np.maximum.reduceat(importance, starts)
    return [[round(float(times[at]), 3), round(float(value), 5)] for at, value in zip(starts, highest, strict=True)]


def _script_json(data: Any) -> str:
    """Return JSON that is safe in a script element, where "</script", "<!--" and "<script" would be markup."""
    return json.dumps(data).replace("<", "\\u003c")


def file_address(file: Path, folder: Path) -> str:
    """Return the address of a file below the page's folder; "./" since "Lesson1:" in front would be a protocol."""
    return "./" + quote(os.fsencode(file.relative_to(folder).as_posix()))


def _files(video: PageVideo) -> dict[str, Path]:
    return {"original": video.original, "summary": video.summary}


def _described(video: PageVideo, number: int) -> dict[str, Any]:
    selection, times = video.selection, video.times
    shots = [
        {
            "first": first,
            "last": last,
            "start": round(float(times[first]), 4),
            "end": round(float(times[last + 1]), 4),
            "weight": weight,
            "value": value,  # in full precision: the page selects with it
            "picture": "data:image/jpeg;base64," + base64.b64encode(picture).decode(),
        }
        for (first, last), weight, value, picture in zip(
            selection.shots.tolist(),
            selection.weights.tolist(),
            selection.values.tolist(),
            video.thumbnails,
            strict=True,
        )
    ]
    return {
        "id": video.video_id,
        "weight": selection.ticks.total,
        "seconds": round(float(times[-1]), 4),
        "shots": shots,
        "curve": curve(video.importance, times),
        "original": f"{number}-original",
        "summary": f"{number}-summary",
        "file": video.summary.name,
        "summarySeconds": video.summary_seconds,
    }


def _parts(template: str) -> tuple[str, str, str]:
    """Return the template before the data, between data and videos, and after both."""
    before, rest = template.split("@DATA@")
    between, after = rest.split("@MEDIA@")
    return before, between, after

"""FineGym event tracks: instance lists as published at https://sdolivia.github.io/FineGym (gym99_*.txt, gym288_*.txt).

The paper scores frames by whether they lie in any event. Both lists, train and validation, are needed for that (see
`maesum.data.sources.finegym_lists`).

Shao, Zhao, Dai, Lin: FineGym: A Hierarchical Video Dataset for Fine-grained Action Understanding, CVPR 2020.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import II, MISSING

from maesum.config.fields import setting
from maesum.config.sources import FileSource
from maesum.data.benchmark import VideoAnnotation, write_benchmark
from maesum.data.hdf5 import open_hdf5, read_array, read_attribute, read_strings, require_dataset
from maesum.data.sources.finegym_lists import find_lists, read_events, warn_of_lists_not_read
from maesum.data.sources.text import read_ids, read_lines
from maesum.system.errors import MaesumError
from maesum.system.progress import track

SOURCE = "FineGym, events of the instance lists"
#: Four days at 30 frames a second: the list alone decides how much memory a track takes.
_MOST_FRAMES = 10_000_000
_COLUMNS = ("video_id", "fps", "n_frames")


@dataclass
class FinegymSource(FileSource):
    """FineGym event tracks, see maesum.data.sources.finegym."""

    _target_: str = "maesum.data.sources.finegym.import_finegym"
    input: Any = setting(II("input"), "the folder of both instance lists, or a list of files", is_text=True)
    ids: str = setting(MISSING, "text file with the ids of the videos to keep, one per line", is_text=True)
    videos: str = setting(MISSING, "CSV with video_id,fps,n_frames or a features file that holds fps", is_text=True)


def import_finegym(
    input: str | Path | Sequence[str | Path], out: str | Path, ids: str | Path, videos: str | Path
) -> list[Path]:
    """Write a benchmark of kind "events": one binary track per video, 1 inside any event.

    Args:
        input: the folder of the instance lists (gym*.txt), which are read together, or a list of them. Warns where a
            list that lies beside holds further events of the videos.
        out: the benchmark file to write.
        ids: a text file with the videos to keep, one id a line, in the order that the benchmark gets.
        videos: a CSV file with the columns video_id, fps and n_frames, or a features file that holds fps.

    Returns:
        The files written.

    Raises:
        MaesumError: a file is missing or malformed, a listed video has no event or no length, or an event starts after
            the video's end.
    """
    video_ids = read_ids(ids)
    lists = find_lists(input)
    events = read_events(lists)
    warn_of_lists_not_read(lists, video_ids, events)
    timing = _timing_from_csv(videos) if Path(videos).suffix.lower() == ".csv" else _timing_from_features(videos)
    annotations = []
    for video_id in track(video_ids, "marking events", len(video_ids)):
        if video_id not in events:
            raise MaesumError(f"{', '.join(map(str, lists))}: has no event of video '{video_id}', which {ids} lists.")
        if video_id not in timing:
            raise MaesumError(f"{videos}: has no fps and length of video '{video_id}', which {ids} lists.")
        fps, n_frames = timing[video_id]
        if not (0 < fps < 1e6 and 0 < n_frames <= _MOST_FRAMES):
            raise MaesumError(
                f"{videos}: video '{video_id}' has fps {fps:g} and {n_frames} frames, wanted numbers above 0, at most "
                f"{_MOST_FRAMES:,} frames."
            )
        try:
            marked = event_track(events[video_id], fps, n_frames)
        except ValueError as error:
            raise MaesumError(f"{videos}: video '{video_id}' has {error}; check its fps and length.") from None
        annotations.append(VideoAnnotation(video_id, marked[None], fps, name=video_id))
    write_benchmark(out, "finegym", "events", annotations, SOURCE)
    return [Path(out)]


def event_track(events: set[tuple[int, int]], fps: float, n_frames: int) -> np.ndarray:
    """Mark the frames inside any event: uint8 [n_frames].

    Frame f shows time f / fps. It is inside an event [start, end) if start <= f / fps < end, so an event's frames are
    ceil(start * fps) to ceil(end * fps) - 1. List times are whole seconds, so a last event may reach past the video's
    end by rounding: it is cut there.

    Raises:
        ValueError: an event starts after the last frame.
    """
    marked = np.zeros(n_frames, dtype=np.uint8)
    for start, end in sorted(events):
        # The margin keeps a product such as 100 * 29.97 from being rounded up for its last binary digit.
        first, stop = (math.ceil(seconds * fps - 1e-6) for seconds in (start, end))
        if first >= n_frames:
            raise ValueError(f"an event from {start} s, but only {n_frames} frames at {fps:g} fps")
        marked[first:stop] = 1
    return marked


def _timing_from_csv(path: str | Path) -> dict[str, tuple[float, int]]:
    reader = csv.DictReader(read_lines(path), skipinitialspace=True)
    try:
        columns, rows = reader.fieldnames or [], list(reader)
    except csv.Error as error:
        raise MaesumError(f"{path}: is not a CSV file ({error}).") from None
    if not set(_COLUMNS) <= set(columns):
        raise MaesumError(f"{path}: columns are {columns}, wanted {', '.join(_COLUMNS)}.")
    timing: dict[str, tuple[float, int]] = {}
    for row in rows:
        if row["video_id"] in timing:
            raise MaesumError(f"{path}: lists video '{row['video_id']}' twice, wanted each id once.")
        try:
            fps, n_frames = float(row["fps"]), int(row["n_frames"])
        except (TypeError, ValueError):
            raise MaesumError(
                f"{path}: video '{row['video_id']}' has fps {row['fps']!r} and n_frames {row['n_frames']!r}, "
                "wanted a number and a whole number."
            ) from None
        timing[row["video_id"]] = (fps, n_frames)
    return timing


def _timing_from_features(path: str | Path) -> dict[str, tuple[float, int]]:
    with open_hdf5(path, "maesum-features", version=1) as file:
        video_ids = read_strings(require_dataset(file, "video_ids", path, ndim=1), path)
        fps = read_array(require_dataset(file, "fps", path, ndim=1), path)
        if "n_frames" in file:
            n_frames = read_array(require_dataset(file, "n_frames", path, ndim=1), path)
        elif read_attribute(file, "frame_step") == 1:
            n_frames = np.diff(read_array(require_dataset(file, "offsets", path, ndim=1), path))
        else:
            raise MaesumError(f"{path}: dataset 'n_frames' is missing, wanted where frame_step is not 1.")
    if not len(video_ids) == len(fps) == len(n_frames):
        raise MaesumError(
            f"{path}: holds {len(video_ids)} video_ids, {len(fps)} fps and {len(n_frames)} lengths, wanted one each."
        )
    return {video_id: (float(fps[row]), int(n_frames[row])) for row, video_id in enumerate(video_ids)}

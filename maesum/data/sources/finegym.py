"""FineGym event tracks: instance lists as published at https://sdolivia.github.io/FineGym (gym99_*.txt, gym288_*.txt).

A line is `<video>_E_<event start>_<event end>_A_<action start>_<action end> <class>`, times in whole seconds; action
times count from the event's start. The paper scores frames by whether they lie in any event.

Shao, Zhao, Dai, Lin: FineGym: A Hierarchical Video Dataset for Fine-grained Action Understanding, CVPR 2020.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from maesum.data.benchmark import VideoAnnotation, write_benchmark
from maesum.data.hdf5 import open_hdf5, read_array, read_attribute, read_strings, require_dataset
from maesum.data.sources.text import read_ids, read_lines
from maesum.errors import MaesumError
from maesum.progress import track

SOURCE = "FineGym, events of the instance lists"
_LINE = re.compile(r"(?P<video>.+)_E_(?P<start>\d{1,9})_(?P<end>\d{1,9})_A_\d+_\d+\s+\d+")
#: Four days at 30 frames a second: the list alone decides how much memory a track takes.
_MOST_FRAMES = 10_000_000
_COLUMNS = ("video_id", "fps", "n_frames")


def import_finegym(input: str | Path, out: str | Path, ids: str | Path, videos: str | Path) -> list[Path]:
    """Write a benchmark of kind "events": one binary track per video, 1 inside any event.

    Args:
        input: an instance list, or a folder whose gym*.txt files are read together.
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
    events = read_events(input)
    timing = _timing_from_csv(videos) if Path(videos).suffix.lower() == ".csv" else _timing_from_features(videos)
    annotations = []
    for video_id in track(video_ids, "marking events", len(video_ids)):
        if video_id not in events:
            raise MaesumError(f"{input}: has no event of video '{video_id}', which {ids} lists.")
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


def read_events(path: str | Path) -> dict[str, set[tuple[int, int]]]:
    """The events (start, end) of each video, in seconds, that an instance list or a folder of them names.

    Raises:
        MaesumError: nothing to read, or a line that is not in the layout.
    """
    folder = Path(path)
    paths = sorted(folder.glob("gym*.txt")) if folder.is_dir() else [folder]
    if not paths:
        raise MaesumError(f"{path}: holds no gym*.txt file; name an instance list of FineGym.")
    events: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for list_path in paths:
        for line in read_lines(list_path):
            match = _LINE.fullmatch(line)
            if match is None:
                raise MaesumError(
                    f"{list_path}: line {line[:60]!r} is not <video>_E_<start>_<end>_A_<start>_<end> <class>."
                )
            start, end = int(match["start"]), int(match["end"])
            if end <= start:
                raise MaesumError(f"{list_path}: line {line[:60]!r} has an event that ends before it starts.")
            events[match["video"]].add((start, end))
    if not events:
        raise MaesumError(f"{path}: is empty, wanted an instance list of FineGym.")
    return dict(events)


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

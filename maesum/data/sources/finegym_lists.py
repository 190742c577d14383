"""FineGym's instance lists: the events of each video, and which lists beside those that were named hold more of them.

A line is `<video>_E_<event start>_<event end>_A_<action start>_<action end> <class>`, times in whole seconds; action
times count from the event's start. The published train and validation lists divide the *actions*: 40 of the 65 videos
of the validation list stand in the train list too, so one list alone lacks events of its own videos.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast

from maesum.data.sources.text import read_lines
from maesum.system.errors import MaesumError

logger = logging.getLogger(__name__)

#: The events of each video: (start, end) in seconds.
Events = dict[str, set[tuple[int, int]]]

_LINE = re.compile(r"(?P<video>.+)_E_(?P<start>\d{1,9})_(?P<end>\d{1,9})_A_\d+_\d+\s+\d+")


def find_lists(input: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the instance lists that `input=` stands for: one file, several, or all of a folder.

    Raises:
        MaesumError: nothing was named, or a folder without a list.
    """
    if isinstance(input, Sequence) and not isinstance(input, str):
        named = [str(item) for item in input]
    else:
        named = [str(input)]  # a folder's name may be a number
    if not named:
        raise MaesumError("input=[] names nothing; name the folder of FineGym's instance lists, gym99_*.txt.")
    paths: list[Path] = []
    for item in named:
        found = _lists_in(Path(item)) if Path(item).is_dir() else [Path(item)]
        if not found:
            raise MaesumError(f"{item}: holds no gym*.txt file; name an instance list of FineGym.")
        paths += [path for path in found if path not in paths]
    return paths


def read_events(paths: Sequence[Path]) -> Events:
    """Return the events of each video that any of the lists names.

    Raises:
        MaesumError: a line that is not in the layout, or no line at all.
    """
    events: Events = defaultdict(set)
    for path in paths:
        for video, of_video in _read_list(path).items():
            events[video] |= of_video
    if not events:
        raise MaesumError(f"{', '.join(map(str, paths))}: is empty, wanted an instance list of FineGym.")
    return dict(events)


def warn_of_lists_not_read(paths: Sequence[Path], video_ids: Collection[str], events: Events) -> None:
    """Warn where a list that lies beside the given ones holds further events of the videos that are to be kept.

    Args:
        paths: the lists that were read.
        video_ids: the videos to keep.
        events: what the lists hold.
    """
    for beside in _beside(paths):
        try:
            others = _read_list(beside)
        except MaesumError:
            continue  # named like a list, but in another layout
        further = {video: others.get(video, set()) - events.get(video, set()) for video in video_ids}
        lacking = [video for video, missed in further.items() if missed]
        if lacking:
            logger.warning(
                "%s: holds %d further events of %d of the %d videos to keep (the first: %s) but was not read, so their "
                "frames count as outside any event; name both lists, or their folder, as in input=%s",
                beside, sum(map(len, further.values())), len(lacking), len(video_ids), lacking[0], beside.parent,
            )  # fmt: skip


def _lists_in(folder: Path) -> list[Path]:
    """Return the lists of a folder; the tables of class names that are published beside them are none."""
    return sorted(path for path in folder.glob("gym*.txt") if "categories" not in path.name)


def _beside(paths: Sequence[Path]) -> list[Path]:
    """Lists of the same folders with the same number of classes (gym99, gym288) that are not among the given ones."""
    given = {path.resolve() for path in paths}
    families = {(path.parent, _classes_of(path)) for path in paths}
    return [
        path
        for folder, family in sorted(families)
        for path in _lists_in(folder)
        if _classes_of(path) == family and path.resolve() not in given
    ]


def _classes_of(path: Path) -> str:
    """Return the number of classes that a list's name begins with, e.g. "99"; empty where the name is another."""
    match = re.match(r"gym(\d+)", path.name)
    return match[1] if match else ""


def _read_list(path: Path) -> Events:
    events: Events = defaultdict(set)
    for line in read_lines(path):
        match = _LINE.fullmatch(line)
        if match is None:
            raise MaesumError(f"{path}: line {line[:60]!r} is not <video>_E_<start>_<end>_A_<start>_<end> <class>.")
        start, end = int(match["start"]), int(match["end"])
        if end <= start:
            raise MaesumError(f"{path}: line {line[:60]!r} has an event that ends before it starts.")
        events[cast(str, match["video"])].add((start, end))
    return events

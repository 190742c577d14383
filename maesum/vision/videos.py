"""Find the videos to extract in folders and lists, select and label them by id lists, divide them into shards."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from maesum.data.features import check_video_ids
from maesum.data.sources.text import read_lines
from maesum.system.errors import MaesumError
from maesum.system.patterns import fitting, is_pattern

if TYPE_CHECKING:
    from maesum.vision.id_lists import Listed

#: Suffixes of the files in a folder that count as videos; a file that is named directly may have any suffix.
SUFFIXES = frozenset(
    [".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".flv", ".wmv", ".3gp", ".ogv"]
)

#: Names of Kinetics files: <YouTube id>_<first second>_<last second>.
_KINETICS_NAME = re.compile(r"(.+)_\d{6}_\d{6}")


@dataclass(frozen=True)
class Video:
    """One video file; its id is the file's name without the suffix."""

    video_id: str
    path: Path
    label: str | None = None


def find_videos(given: str | Path | Sequence[str | Path]) -> list[Video]:
    """Return the videos that `videos=` stands for, in the order of their ids.

    Args:
        given: a folder (searched at any depth, but for hidden files and folders), a video, a pattern, a .txt file with
            one of these a line, or a list.

    Raises:
        MaesumError: a path does not exist, there is no video, two files have the same name, or a name cannot be an id.
    """
    items = [given] if isinstance(given, (str, Path)) else list(given)
    paths = [path for item in items for path in _expand(Path(item))]
    if not paths:
        raise MaesumError(f"videos={given}: no video there, wanted files named {' '.join(sorted(SUFFIXES))}.")
    by_id: dict[str, Path] = {}
    for path in paths:
        _check_name(path)
        other = by_id.setdefault(path.stem, path)
        if other.resolve() != path.resolve():
            raise MaesumError(f"{path}: has the same name as {other}, but the name is the video's id; rename one.")
    videos = [Video(video_id, by_id[video_id]) for video_id in sorted(by_id)]
    check_video_ids([video.video_id for video in videos], f"videos={given}")
    return videos


def select(videos: Sequence[Video], listed: Listed) -> list[Video]:
    """Return the videos that an id list names, with its labels; Kinetics videos may be listed by YouTube id alone.

    Raises:
        MaesumError: the list names none of them.
    """
    selected = []
    for video in videos:
        names = [video.video_id]
        if match := _KINETICS_NAME.fullmatch(video.video_id):
            names.append(match.group(1))
        for name in names:
            if name in listed.labels:
                selected.append(replace(video, label=listed.labels[name]))
                break
    if not selected:
        raise MaesumError(
            f"{listed.path}: names none of the {len(videos)} videos (it lists '{next(iter(listed.labels))}', the first "
            f"video is '{videos[0].video_id}')."
        )
    return selected


def shard_of(videos: Sequence[Video], number: int, count: int) -> list[Video]:
    """Return the contiguous part of the videos that belongs to a shard; the shards in order give the whole set.

    Raises:
        MaesumError: there are fewer videos than shards.
    """
    if count > len(videos):
        raise MaesumError(f"shard={number}/{count}: there are only {len(videos)} videos; use fewer shards.")
    start, stop = len(videos) * (number - 1) // count, len(videos) * number // count
    return list(videos[start:stop])


def shard_path(out: Path, number: int, count: int) -> Path:
    """Return the file of one shard: features-00001-of-00008.h5 beside features.h5; read all with features-*.h5."""
    return out if count == 1 else out.with_name(f"{out.stem}-{number:05d}-of-{count:05d}{out.suffix}")


def _expand(item: Path) -> list[Path]:
    if item.is_dir():
        return sorted(path for path in item.rglob("*") if _is_named_like_a_video(path, item))
    if item.suffix.lower() == ".txt" and item.is_file():
        lines = [Path(line) for line in read_lines(item)]
        # A relative line is looked for beside the list first, then from the working folder.
        placed = [item.parent / line if (item.parent / line).exists() else line for line in lines]
        return [path for line in placed for path in _expand(line)]
    if item.exists():
        return [item]
    found = fitting(item) if is_pattern(item) else []
    if not found:
        raise MaesumError(
            f"{item}: no such video or folder, wanted a folder, a file, a pattern or a .txt list of these."
        )
    return [path for name in found for path in _expand(Path(name))]


def _check_name(path: Path) -> None:
    """Refuse a name that is not valid UTF-8: it could neither be written to HDF5 files nor shown on a terminal."""
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        raise MaesumError(f"{os.fsencode(path)!r}: the name is not valid UTF-8; rename the file.") from None


def _is_named_like_a_video(path: Path, folder: Path) -> bool:
    """Whether something in a folder counts as a video.

    Hidden files do not: macOS puts "._clip.mp4" beside every clip.mp4 on foreign disks. A broken link does, so that it
    is listed as unreadable instead of being silently left out.
    """
    is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    is_file = path.is_file() or (path.is_symlink() and not path.exists())
    return path.suffix.lower() in SUFFIXES and not is_hidden and is_file

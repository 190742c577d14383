"""Which files a features set is made of: patterns and lists expanded, shards complete, sets apart from one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from maesum.system.errors import MaesumError
from maesum.system.patterns import fitting, is_pattern

if TYPE_CHECKING:
    import numpy as np

    from maesum.data.shard import Shard
    from maesum.data.store import FeatureStore

#: How `maesum.extract` names a shard; files of before they kept their number tell it by their name.
_SHARD_NAME = re.compile(r".*-(\d{5})-of-(\d{5})")
#: So many names stand in a message.
_NAMED = 4


class Taken(NamedTuple):
    """What one item of a list of paths stands for.

    Attributes:
        item: a file or a pattern, as given.
        paths: the files.
        is_pattern: whether the user left to the file system which these are.
    """

    item: str
    paths: list[Path]
    is_pattern: bool

    def describe(self) -> str:
        """Return the files by name."""
        names = [path.name for path in self.paths]
        shown = names if len(names) <= _NAMED else [*names[: _NAMED - 1], "...", names[-1]]
        return f"{self.item} took {len(names)} file{'s' * (len(names) > 1)}: {', '.join(shown)}"


def take_files(path_or_paths: str | Path | Sequence[str | Path]) -> list[Taken]:
    """Return the files that a path, a pattern or a list of either stands for; patterns expand in sorted order.

    Raises:
        MaesumError: nothing given, or a pattern without a file.
    """
    given = [path_or_paths] if isinstance(path_or_paths, (str, Path)) else list(path_or_paths)
    if not given:
        raise MaesumError("no features file was named.")
    taken = []
    for item in given:
        paths = fitting(item) if is_pattern(item) else [Path(item)]
        if not paths:
            raise MaesumError(f"{item}: no file fits this pattern.")
        taken.append(Taken(str(item), paths, is_pattern(item)))
    return taken


def shard_number(path: Path, stored: tuple[object, object]) -> tuple[int, int] | None:
    """Return the shard number (from 1) and the number of shards of a file; None if the file is a whole set.

    Args:
        stored: its attributes `shard` and `shards`; None and None in files of before these were written.

    Raises:
        MaesumError: attributes that are no such numbers.
    """
    if stored == (None, None):
        match = _SHARD_NAME.fullmatch(path.stem)
        return (int(match[1]), int(match[2])) if match else None
    number, count = stored
    if not (isinstance(number, int) and isinstance(count, int) and 1 <= number <= count):
        raise MaesumError(
            f"{path}: attributes 'shard' and 'shards' are {number!r} and {count!r}, wanted a number and a count."
        )
    return number, count


def check_complete(taken: Taken, shards: Sequence[Shard]) -> None:
    """Refuse a pattern that took some shards of a set but not all, or other files beside them.

    A file that is named without a pattern is taken as it is.

    Raises:
        MaesumError: naming what is missing or too many.
    """
    numbers = [shard.number for shard in shards]
    counts = {number[1] for number in numbers if number is not None}
    if not taken.is_pattern or not counts:
        return
    if None in numbers or len(counts) > 1:
        odd = next(shard for shard in shards if shard.number is None or shard.number[1] != min(counts))
        raise MaesumError(
            f"{taken.describe()}; {odd.path.name} is not one of the {min(counts)} shards, wanted the shards of one set "
            "alone; write the pattern closer, or name the files."
        )
    missing = sorted(set(range(1, min(counts) + 1)) - {number[0] for number in numbers if number is not None})
    if missing:
        raise MaesumError(
            f"{taken.describe()}; of {min(counts)} shards number {', '.join(map(str, missing[:_NAMED]))}"
            f"{', ...' * (len(missing) > _NAMED)} is missing; extract it, or name the files to go without."
        )


def check_apart(store: FeatureStore, held_out: FeatureStore) -> None:
    """Refuse a held-out set that shares videos with the training set: what it measures would have been trained on.

    Data sets number their videos alike ("video_1"), so an id alone makes no video the same: it is taken for the same
    where the length or the first frame is, too.

    Raises:
        MaesumError: naming the first video that both hold.
    """
    both = [video_id for video_id in held_out.video_ids if video_id in store and _is_same(video_id, store, held_out)]
    if both:
        first = both[0]
        raise MaesumError(
            f"{held_out.path_of(held_out.index(first))}: {len(both)} of the {len(held_out)} held-out videos are in the "
            f"training set too, the first being '{first}' in {store.path_of(store.index(first))}; hold out other "
            "videos, or write the pattern of the training set closer."
        )


def _is_same(video_id: str, one: FeatureStore, other: FeatureStore) -> bool:
    here, there = one.index(video_id), other.index(video_id)
    lengths: tuple[np.integer, np.integer] = one.lengths[here], other.lengths[there]
    if lengths[0] == lengths[1]:
        return True
    return one.dim == other.dim and bool((one[video_id][0] == other[video_id][0]).all())

"""Find the files of a features set: expand patterns and lists, and check that shards are complete and sets disjoint."""

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

#: How `maesum.extract` names a shard; in older files, which do not store their number, the name gives it.
_SHARD_NAME = re.compile(r".*-(\d{5})-of-(\d{5})")
#: Largest number of names in a message.
_NAMED = 4


class Taken(NamedTuple):
    """The files of one item in a list of paths.

    Attributes:
        item: a file or a pattern, as given.
        paths: the files that it names or matches.
        is_pattern: whether the item is a pattern.
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
    """Return the files of a path, a pattern or a list of either; those that a pattern matches are sorted.

    Raises:
        MaesumError: nothing is given, or no file matches a pattern.
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
        stored: its attributes `shard` and `shards`; None and None in older files, which lack them.

    Raises:
        MaesumError: the attributes are no such numbers.
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

    Files that are named without a pattern are not checked.

    Raises:
        MaesumError: naming the shards that are missing, or the file that does not belong to them.
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

    Different data sets use the same ids ("video_1"), so an equal id is not enough: two videos are the same where their
    length or their first frame is equal, too.

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

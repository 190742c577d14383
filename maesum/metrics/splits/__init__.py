"""Which videos a benchmark's result is averaged over: all, five random splits that ship here, or a file of splits.

`paper5.json` holds Listings A1 to A3 of the paper, `aae.json` the test videos of SUM-GAN-AAE's public splits of TVSum
and SumMe (Apostolidis et al. 2020), which PGL-SUM uses, too. Files have the form that PGL-SUM and most public code use:
a list of objects with `test_keys`; their `train_keys` only tell whether the file is of this benchmark.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from maesum.system.errors import MaesumError
from maesum.system.files import read_json

#: The splits that have a name of their own.
SHIPPED = {name: Path(__file__).with_name(f"{name}.json") for name in ("paper5", "aae")}
#: Benchmarks whose names public files put before their videos, as in eccv16_dataset_summe_google_pool5.h5/video_1.
_NAMED_IN_KEYS = ("tvsum", "summe", "finegym", "youtube", "ovp")


def load_splits(source: str | Path, benchmark: str, n_videos: int | None = None) -> list[list[str]]:
    """The test videos of each split.

    Args:
        source: "none", "paper5", "aae", or the path of a JSON file: [{"test_keys": [...]}, ...], or the same under the
            benchmark's name.
        benchmark: the benchmark's name, e.g. "tvsum".
        n_videos: of the benchmark: as many as a file has to name that says what is trained on, too; None = any.

    Returns:
        One list of video ids for each split, in the file's order; empty for "none".

    Raises:
        MaesumError: the file cannot be read, is not of this form, has nothing for the benchmark, or is of another one.
    """
    if str(source) == "none":
        return []
    path = SHIPPED.get(str(source)) or Path(source)
    content = read_json(path)
    if isinstance(content, dict):
        if benchmark not in content:
            raise MaesumError(f"splits={source} has no splits for '{benchmark}', but for {', '.join(content)}.")
        content = content[benchmark]
    if not isinstance(content, list) or not content:
        raise MaesumError(f'{path}: holds no list of splits, wanted [{{"test_keys": ["video_1", ...]}}, ...].')
    tested = [_test_videos(split, number, path) for number, split in enumerate(content)]
    _check_benchmark(content, path, benchmark, n_videos)
    return tested


def resolve_splits(splits: Iterable[Iterable[str]], video_ids: Sequence[str], source: str | Path) -> list[list[str]]:
    """Return the splits in the benchmark's own ids.

    Published splits name videos video_1, video_2, ... by their place in the benchmark; where the benchmark has ids of
    its own (FineGym's are YouTube's), video_i is its i-th video.

    Raises:
        MaesumError: a split names a video that the benchmark does not have.
    """
    known = {video_id: video_id for video_id in video_ids}
    if not any(re.fullmatch(r"video_\d+", video_id) for video_id in video_ids):
        known |= {f"video_{number}": video_id for number, video_id in enumerate(video_ids, start=1)}
    resolved = [list(split) for split in splits]
    for number, split in enumerate(resolved):
        for video_id in split:
            if video_id not in known:
                raise MaesumError(
                    f"splits={source}: split {number + 1} names video '{video_id}', which is not among the benchmark's "
                    f"{len(video_ids)} videos; use the splits made for this benchmark."
                )
    return [[known[video_id] for video_id in split] for split in resolved]


def _check_benchmark(content: list[dict[str, Any]], path: Path, benchmark: str, n_videos: int | None) -> None:
    """Refuse splits of another benchmark, which often name the same video_1, video_2, ..."""
    trained = [split["train_keys"] for split in content if isinstance(split.get("train_keys"), list)]
    for key in (key for split in content for key in split["test_keys"]):
        file, _, _ = key.rpartition("/")
        others = [name for name in _NAMED_IN_KEYS if name in file.lower() and name != benchmark]
        if others and benchmark in _NAMED_IN_KEYS and benchmark not in file.lower():
            raise MaesumError(
                f"{path}: test_keys name '{key}', a video of {others[0]}, but the benchmark is {benchmark}; use splits "
                "made for it."
            )
    if n_videos is None or len(trained) < len(content):
        return
    plain = [keys for keys in trained if not any("/" in str(key) for key in keys)]  # else of several benchmarks
    named = {str(key) for keys in plain for key in keys} | {key for split in content for key in split["test_keys"]}
    if plain and len(named) != n_videos:
        raise MaesumError(
            f"{path}: train_keys and test_keys name {len(named)} videos, but {benchmark} has {n_videos}; use splits "
            "made for this benchmark."
        )


def _test_videos(split: Any, number: int, path: Path) -> list[str]:
    keys = split.get("test_keys") if isinstance(split, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise MaesumError(f"{path}: split {number + 1} has test_keys {keys!r}, wanted a list of video ids.")
    videos = [key.rsplit("/", 1)[-1] for key in keys]  # some files put the feature file before the video
    if len(set(videos)) < len(videos):
        repeated = Counter(videos).most_common(1)[0][0]
        raise MaesumError(f"{path}: split {number + 1} names video '{repeated}' twice, wanted each once.")
    return videos

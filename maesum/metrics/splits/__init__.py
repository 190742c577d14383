"""Which videos a benchmark's result is averaged over: all, the paper's five random splits, or a file of splits.

`paper5.json` holds Listings A1 to A3 of the paper. Files have the form that PGL-SUM and most public code use: a list of
objects with `test_keys`; their `train_keys` are of no use here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from maesum.system.errors import MaesumError
from maesum.system.files import read_json

_PAPER = Path(__file__).with_name("paper5.json")


def load_splits(source: str | Path, benchmark: str) -> list[list[str]]:
    """Return the test videos of each split.

    Args:
        source: "none", "paper5", or the path of a JSON file: [{"test_keys": [...]}, ...], or the same under the
            benchmark's name.
        benchmark: the benchmark's name, e.g. "tvsum".

    Returns:
        One list of video ids for each split, in the file's order; empty for "none".

    Raises:
        MaesumError: the file cannot be read, is not of this form, or has nothing for the benchmark.
    """
    if str(source) == "none":
        return []
    path = _PAPER if str(source) == "paper5" else Path(source)
    content = read_json(path)
    if isinstance(content, dict):
        if benchmark not in content:
            raise MaesumError(f"splits={source} has no splits for '{benchmark}', but for {', '.join(content)}.")
        content = content[benchmark]
    if not isinstance(content, list) or not content:
        raise MaesumError(f'{path}: holds no list of splits, wanted [{{"test_keys": ["video_1", ...]}}, ...].')
    return [_test_videos(split, number, path) for number, split in enumerate(content)]


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


def _test_videos(split: Any, number: int, path: Path) -> list[str]:
    keys = split.get("test_keys") if isinstance(split, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise MaesumError(f"{path}: split {number + 1} has test_keys {keys!r}, wanted a list of video ids.")
    videos = [key.rsplit("/", 1)[-1] for key in keys]  # some files put the feature file before the video
    if len(set(videos)) < len(videos):
        repeated = Counter(videos).most_common(1)[0][0]
        raise MaesumError(f"{path}: split {number + 1} names video '{repeated}' twice, wanted each once.")
    return videos

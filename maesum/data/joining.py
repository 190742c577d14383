"""Check that a benchmark fits the features of its videos."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from maesum.data.benchmark import Benchmark
from maesum.system.errors import MaesumError

logger = logging.getLogger(__name__)

#: Rates of the same video differ by up to a hundredth where they come from a length in whole seconds, as TVSum's do.
_RATES_DIFFER = 0.05


def check_features_match(
    benchmark: Benchmark,
    video_ids: Sequence[str],
    rows_per_video: Sequence[int],
    frame_step: int,
    features_path: str | Path,
    fps: Sequence[float] | None = None,
) -> None:
    """Check that every video of the benchmark has features of the right length; the file may hold further videos.

    Args:
        video_ids: the videos of the features file.
        rows_per_video: the number of feature rows of each video.
        frame_step: 1 where every frame has a row, 15 where every 15th has: then ceil(n_frames / 15) rows are wanted.
        features_path: the features file to name in the message.
        fps: frames per second of each video, where the features file holds it. A warning is printed where the benchmark
            has another rate, since a video of the same length but another rate is probably another video.

    Raises:
        MaesumError: a video of the benchmark has no features, or its number of rows is not the one wanted.
    """
    rows_of = dict(zip(video_ids, rows_per_video, strict=True))
    missing = [video_id for video_id in benchmark.video_ids if video_id not in rows_of]
    if missing:
        extra = [video_id for video_id in video_ids if video_id not in set(benchmark.video_ids)]
        others = f" (videos only the features have: {_first_few(extra)})" if extra else ""
        raise MaesumError(
            f"{features_path}: has no features of {len(missing)} of the {len(benchmark)} videos of "
            f"{benchmark.path}: {_first_few(missing)}{others}; name the features by the benchmark's video ids."
        )
    for video_id in benchmark.video_ids:
        n_frames = benchmark.n_frames(video_id)
        wanted = -(-n_frames // frame_step)
        if rows_of[video_id] != wanted:
            raise MaesumError(
                f"{features_path}: video '{video_id}' has {rows_of[video_id]} feature rows at frame_step {frame_step}, "
                f"wanted {wanted} for the {n_frames} frames of {benchmark.path}; extract them from the same video file."
            )

    if fps is not None:
        _warn_of_other_rates(benchmark, dict(zip(video_ids, fps, strict=True)), features_path)


def _warn_of_other_rates(benchmark: Benchmark, rate_of: dict[str, float], features_path: str | Path) -> None:
    differing = [
        (video_id, rate_of[video_id], rate)
        for video_id, rate in benchmark.rates().items()
        if rate is not None and abs(rate_of[video_id] - rate) > _RATES_DIFFER * rate
    ]
    if differing:
        video_id, of_features, of_benchmark = differing[0]
        logger.warning(
            "%s: video '%s' has %g frames a second, but %g in %s, and so have %d in all; are these the same videos?",
            features_path, video_id, of_features, of_benchmark, benchmark.path, len(differing),
        )  # fmt: skip


def _first_few(names: Sequence[str], count: int = 3) -> str:
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")

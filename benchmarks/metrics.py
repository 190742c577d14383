"""How long evaluation takes, beside scipy in the same run: python benchmarks/metrics.py

Writes benchmarks/results/metrics.json: seconds, ratios, machine, versions and commit.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy loads: one core, as scipy uses

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau, spearmanr

from maesum.metrics import human_pairwise, rank_correlation
from maesum.runtime import provenance, write_json

RESULTS = Path(__file__).parent / "results" / "metrics.json"
TVSUM = (50, 20, 7047)  # videos, annotators, mean length
LONGEST = 231_603  # frames; a long FineGym video


def annotated_video(rng: np.random.Generator, users: int, n: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """A prediction [n] float32, and annotators [users, n] who rate two seconds at a time."""
    segments = rng.integers(0, levels, (users, n // 60 + 1))
    return rng.random(n).astype(np.float32), np.repeat(segments, 60, axis=1)[:, :n].astype(np.uint8)


def scipy_loop(prediction: np.ndarray, annotators: np.ndarray) -> np.ndarray:
    """What public code does: two scipy calls for each annotator."""
    return np.array([[kendalltau(prediction, user)[0], spearmanr(prediction, user)[0]] for user in annotators]).T


def seconds(task: Callable[[], Any], repeats: int = 3) -> float:
    """The best of several times: what the code takes when nothing else runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def tvsum_sized() -> dict[str, float]:
    """The whole of TVSum against scipy, and how far the two differ."""
    rng = np.random.default_rng(0)
    n_videos, users, n = TVSUM
    videos = [annotated_video(rng, users, n, levels=5) for _ in range(n_videos)]
    ours = seconds(lambda: [rank_correlation(*video) for video in videos])
    theirs = seconds(lambda: [scipy_loop(*video) for video in videos], repeats=1)
    gaps = [np.abs(np.array(rank_correlation(*video)) - scipy_loop(*video)).max() for video in videos[:5]]
    human = seconds(lambda: [human_pairwise(annotators) for _, annotators in videos])
    return {
        "seconds": ours,
        "scipy_seconds": theirs,
        "speedup": theirs / ours,
        "largest_difference": float(max(gaps)),
        "human_pairwise_seconds": human,
    }


def longest_video() -> dict[str, float]:
    """One long video: a single binary track, and twenty annotators of five levels."""
    rng = np.random.default_rng(1)
    track, ratings = annotated_video(rng, 1, LONGEST, levels=2), annotated_video(rng, 20, LONGEST, levels=5)
    ours, theirs = seconds(lambda: rank_correlation(*track)), seconds(lambda: scipy_loop(*track))
    return {
        "seconds_one_track": ours,
        "scipy_seconds_one_track": theirs,
        "speedup_one_track": theirs / ours,
        "seconds_twenty_annotators": seconds(lambda: rank_correlation(*ratings)),
    }


def main() -> None:
    """Measure, print, write."""
    results = {"tvsum_50x20x7047": tvsum_sized(), f"video_of_{LONGEST}_frames": longest_video()}
    for name, figures in results.items():
        print(name)
        for figure, value in figures.items():
            print(f"  {figure:26} {value:.4g}")
    write_json(RESULTS, {"results": results, "provenance": provenance({"tvsum": TVSUM, "longest": LONGEST})})
    print(f"written: {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


if __name__ == "__main__":
    main()

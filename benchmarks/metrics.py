"""How long evaluation takes, beside scipy in the same run."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.stats import kendalltau, spearmanr

from benchmarks.recording import Row, record, seconds
from maesum.metrics import human_pairwise, rank_correlation

TVSUM = (50, 20, 7047)  # videos, annotators, mean length
FOUR_HOURS = 432_000  # frames, at 30 a second
LOOP = "two scipy calls an annotator"


def annotated_video(rng: np.random.Generator, users: int, n: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """A prediction [n] float32, and annotators [users, n] who rate two seconds at a time."""
    segments = rng.integers(0, levels, (users, n // 60 + 1))
    return rng.random(n).astype(np.float32), np.repeat(segments, 60, axis=1)[:, :n].astype(np.uint8)


def scipy_loop(prediction: np.ndarray, annotators: np.ndarray) -> np.ndarray:
    """What public code does: two scipy calls for each annotator."""
    return np.array([[kendalltau(prediction, user)[0], spearmanr(prediction, user)[0]] for user in annotators]).T


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
        "ours": ours,
        "scipy": theirs,
        "largest_difference": float(max(gaps)),
        "human_pairwise": human,
    }


def four_hour_video() -> tuple[list[Row], float]:
    """Four hours annotated in four ways: a row for each, and how far the two differ."""
    rng = np.random.default_rng(1)
    prediction, track = annotated_video(rng, 1, FOUR_HOURS, levels=2)
    annotators = {
        "one binary track": track,
        "20 annotators of 5 levels": annotated_video(rng, 20, FOUR_HOURS, levels=5)[1],
        "an annotator of 500 levels": rng.integers(0, 500, (1, FOUR_HOURS)).astype(np.float32),
        "an annotator without ties": rng.random((1, FOUR_HOURS)),
    }
    rows, gaps = [], []
    for what, scores in annotators.items():
        ours = seconds(partial(rank_correlation, prediction, scores))
        theirs = seconds(partial(scipy_loop, prediction, scores), repeats=3 if len(scores) == 1 else 1)
        gaps.append(np.abs(np.array(rank_correlation(prediction, scores)) - scipy_loop(prediction, scores)).max())
        detail = len(scores) == 1
        rows.append(Row(f"tau and rho, {what}, {FOUR_HOURS:,} frames", "s", ours, theirs, LOOP, detail=detail))
    return rows, float(max(gaps))


def main() -> None:
    """Measure and record."""
    whole = tvsum_sized()
    long_rows, long_difference = four_hour_video()
    print(f"largest difference from scipy: {max(whole['largest_difference'], long_difference):.1e}")
    record(
        "metrics",
        [
            Row("tau and rho, 50 videos x 20 annotators x 7,047 frames", "s", whole["ours"], whole["scipy"], LOOP),
            Row(
                "human baseline, all pairs of the same annotators",
                "s",
                whole["human_pairwise"],
                None,
                "not run: 19 times the row above",
                detail=True,
            ),
            *long_rows,
        ],
    )

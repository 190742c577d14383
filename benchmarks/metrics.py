"""How long evaluation takes, beside scipy in the same run."""

from __future__ import annotations

import numpy as np
from scipy.stats import kendalltau, spearmanr

from benchmarks.recording import Row, record, seconds
from maesum.metrics import human_pairwise, rank_correlation

TVSUM = (50, 20, 7047)  # videos, annotators, mean length
LONGEST = 231_603  # frames; a long FineGym video


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


def longest_video() -> dict[str, float]:
    """One long video: a single binary track, and twenty annotators of five levels."""
    rng = np.random.default_rng(1)
    track, ratings = annotated_video(rng, 1, LONGEST, levels=2), annotated_video(rng, 20, LONGEST, levels=5)
    ours, theirs = seconds(lambda: rank_correlation(*track)), seconds(lambda: scipy_loop(*track))
    return {
        "one_track": ours,
        "scipy": theirs,
        "twenty": seconds(lambda: rank_correlation(*ratings)),
    }


def main() -> None:
    """Measure and record."""
    loop = "two scipy calls an annotator"
    whole, longest = tvsum_sized(), longest_video()
    print(f"largest difference from scipy: {whole['largest_difference']:.1e}")
    record(
        "metrics",
        [
            Row("tau and rho, 50 videos x 20 annotators x 7,047 frames", "s", whole["ours"], whole["scipy"], loop),
            Row(
                "human baseline, all pairs of the same annotators",
                "s",
                whole["human_pairwise"],
                None,
                "not run: 19 times the row above",
            ),
            Row("tau and rho, one binary track of 231,603 frames", "s", longest["one_track"], longest["scipy"], loop),
            Row("tau and rho, 20 annotators of 231,603 frames", "s", longest["twenty"], None, "not run"),
        ],
    )

"""Published and measured figures of the real annotations, to the printed digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from maesum.metrics import (
    RankCorrelation,
    human_against_mean,
    human_f1,
    human_pairwise,
    load_splits,
    oracle_mean,
    random_f1,
    rank_correlation,
    smooth_random_importance,
    uniform_shots,
)

Measure = Callable[[np.ndarray], RankCorrelation]


def mean_over_videos(measure: Measure, videos: list[np.ndarray]) -> tuple[float, float]:
    each = [measure(video) for video in videos]
    return float(np.mean([one.tau.mean() for one in each])), float(np.mean([one.rho.mean() for one in each]))


def test_tvsum_human_pairwise(tvsum: list[np.ndarray]) -> None:
    assert len(tvsum) == 50
    assert np.mean([video.shape[1] for video in tvsum]) == pytest.approx(7047.06)
    assert mean_over_videos(human_pairwise, tvsum) == pytest.approx((0.17740931, 0.20417241), abs=1e-8)


@pytest.mark.parametrize(
    ("measure", "step", "wanted"),
    [
        (human_pairwise, 15, (0.17745, 0.20422)),
        (human_against_mean, 1, (0.31385, 0.39559)),
        (oracle_mean, 1, (0.37815, 0.47311)),
    ],
)
def test_tvsum_baselines(tvsum: list[np.ndarray], measure: Measure, step: int, wanted: tuple[float, float]) -> None:
    found = mean_over_videos(measure, [video[:, ::step] for video in tvsum])
    assert [round(value, 5) for value in found] == list(wanted)


@pytest.mark.parametrize(
    ("measure", "binary", "wanted"),
    [
        (human_pairwise, True, (0.21151, 0.21151)),
        (human_pairwise, False, (0.20510, 0.21256)),
        (human_against_mean, True, (0.29584, 0.32924)),
        (oracle_mean, True, (0.39044, 0.43620)),
    ],
)
def test_summe_baselines(summe: list[np.ndarray], measure: Measure, binary: bool, wanted: tuple[float, float]) -> None:
    assert len(summe) == 25
    assert np.mean([video.shape[1] for video in summe]) == pytest.approx(4392.8)
    found = mean_over_videos(measure, [video > 0 if binary else video for video in summe])
    assert [round(value, 5) for value in found] == list(wanted)


def test_human_tau_on_the_papers_splits(tvsum: list[np.ndarray], summe: list[np.ndarray]) -> None:
    selections = [video > 0 for video in summe]
    for name, videos, wanted, distinct in (("tvsum", tvsum, 0.1808, 35), ("summe", selections, 0.1888, 18)):
        splits = load_splits("paper5", name)
        human = {f"video_{i + 1}": human_pairwise(video).tau.mean() for i, video in enumerate(videos)}
        assert len({video_id for split in splits for video_id in split}) == distinct
        found = np.mean([np.mean([human[video_id] for video_id in split]) for split in splits])
        assert round(float(found), 4) == wanted


def test_summe_human_f1(summe: list[np.ndarray]) -> None:
    each = [human_f1(video > 0) for video in summe]
    assert round(float(np.mean([f1.mean() for f1 in each])), 4) == 0.3107
    assert round(float(np.mean([f1.max(axis=1).mean() for f1 in each])), 4) == 0.5433


def test_summe_random_f1_is_about_what_was_measured(summe: list[np.ndarray]) -> None:
    each = [random_f1(video > 0, uniform_shots(video.shape[1]), (0, i), 20) for i, video in enumerate(summe)]
    assert np.mean([f1.mean() for f1 in each]) == pytest.approx(0.134, abs=0.006)
    assert np.mean([f1.max(axis=1).mean() for f1 in each]) == pytest.approx(0.300, abs=0.012)


def test_smooth_noise_moves_summe_by_about_a_hundredth(summe: list[np.ndarray]) -> None:
    """The reason why tables print this row: most ablation gaps of the paper are smaller (.014 over many seeds)."""
    draws = [
        np.mean(
            [
                rank_correlation(smooth_random_importance(video.shape[1], (seed, i)), video > 0).tau.mean()
                for i, video in enumerate(summe)
            ]
        )
        for seed in range(40)
    ]
    assert 0.009 < np.std(draws) < 0.02
    assert abs(np.mean(draws)) < 0.01

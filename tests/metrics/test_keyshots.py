"""Summaries, F1, shots and highlights against plain enumerations."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maesum.metrics import (
    f1_scores,
    highlight_precision,
    human_f1,
    keyshot_summary,
    keyshots,
    knapsack,
    kts_shots,
    random_f1,
    uniform_shots,
    user_summaries,
)
from maesum.metrics.highlights import average_precision
from maesum.metrics.keyshots import shot_means
from maesum.metrics.shots import kernel_change_points
from maesum.system.errors import MaesumError


@settings(max_examples=150, deadline=None)
@given(
    items=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=1, max_size=9),
    capacity=st.integers(0, 30),
)
def test_knapsack_is_optimal(items: list[tuple[int, int]], capacity: int) -> None:
    values, weights = np.array(items).T
    chosen = knapsack(values, weights, capacity)
    assert weights[chosen].sum() <= capacity
    subsets = itertools.chain.from_iterable(itertools.combinations(range(len(items)), k) for k in range(len(items) + 1))
    best = max(values[list(subset)].sum() for subset in subsets if weights[list(subset)].sum() <= capacity)
    assert values[chosen].sum() == best


def test_knapsack_ties_go_to_the_earlier_item_and_nothing_is_taken_for_nothing() -> None:
    assert knapsack(np.array([1.0, 1.0, 1.0]), np.array([2, 2, 2]), 4).tolist() == [0, 1]
    assert knapsack(np.array([0.0, 1.0]), np.array([1, 1]), 5).tolist() == [1]
    assert knapsack(np.array([3.0]), np.array([4]), 3).tolist() == []


def test_summary_takes_the_best_shots_by_mean_within_fifteen_percent() -> None:
    shots = np.array([[0, 9], [10, 14], [15, 29], [30, 99]])
    importance = np.zeros(100)
    importance[0:10], importance[10:15], importance[15:30] = 0.5, 0.9, 1.0
    # Capacity 15: shots 0 and 1 (0.5 + 0.9) beat shot 2 alone (1.0), although shot 2 has the greater sum of frames.
    assert np.flatnonzero(keyshot_summary(importance, shots)).tolist() == list(range(15))


def test_shots_may_leave_gaps_and_end_with_the_video() -> None:
    importance = np.random.default_rng(0).random(50)
    shots = np.array([[0, 4], [5, 5], [9, 20], [30, 49]])
    wanted = [importance[first : last + 1].mean() for first, last in shots]
    assert shot_means(importance, shots) == pytest.approx(wanted, abs=1e-15)


def test_ratings_become_summaries_and_selections_stay() -> None:
    shots = uniform_shots(100, 5)
    ratings = np.ones((2, 100))
    ratings[0, 20:35] = 5
    assert np.flatnonzero(user_summaries(ratings, shots, "ratings")[0]).tolist() == list(range(20, 35))
    selections = np.array([[0, 3, 0, 1]])
    assert user_summaries(selections, shots, "selections").tolist() == [[False, True, False, True]]


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    rng = np.random.default_rng(0)
    summary, users = rng.random(200) < 0.15, rng.random((6, 200)) < 0.3
    users[5] = ~summary
    for found, user in zip(f1_scores(summary, users), users, strict=True):
        precision, recall = (summary & user).sum() / summary.sum(), (summary & user).sum() / user.sum()
        wanted = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        assert found == pytest.approx(wanted, abs=1e-15)
    assert f1_scores(np.zeros(4, bool), np.zeros((1, 4), bool)).tolist() == [0.0]


def test_human_f1_leaves_the_self_out() -> None:
    users = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)
    assert human_f1(users).tolist() == [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    assert human_f1(users[:1]).shape == (1, 0)


def test_random_f1_is_repeatable() -> None:
    users = np.random.default_rng(0).random((3, 600)) < 0.2
    first, again = (random_f1(users, uniform_shots(600), (7, 1), draws=5) for _ in range(2))
    assert first.shape == (5, 3)
    np.testing.assert_array_equal(first, again)
    assert (random_f1(users, uniform_shots(600), (8, 1), draws=5) != first).any()


def test_uniform_shots_cover_the_video() -> None:
    assert uniform_shots(130).tolist() == [[0, 59], [60, 119], [120, 129]]
    assert uniform_shots(60).tolist() == [[0, 59]]


def plain_kts(rows: np.ndarray, vmax: float) -> tuple[list[int], float]:
    """The same by a plain dynamic programme over all numbers of segments."""
    n = len(rows)
    cost = np.full((n, n + 1), np.inf)
    for start in range(n):
        for end in range(start + 1, n + 1):
            segment = rows[start:end]
            cost[start, end] = ((segment - segment.mean(axis=0)) ** 2).sum()
    best, came_from = [cost[0].copy()], [np.zeros(n + 1, dtype=int)]
    for _ in range(1, n):
        totals = best[-1][:n, None] + cost
        best.append(totals.min(axis=0))
        came_from.append(totals.argmin(axis=0))
    penalised = [best[m][n] / n + (vmax * m / (2 * n) * (np.log(n / m) + 1) if m else 0.0) for m in range(n)]
    m = int(np.argmin(penalised))
    changes, end = [], n
    for segments in range(m, 0, -1):
        end = int(came_from[segments][end])
        changes.append(end)
    return changes[::-1], penalised[m]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("vmax", [0.2, 1.0])
def test_kts_finds_the_optimum_of_a_plain_dynamic_programme(seed: int, vmax: float) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 9, rng.integers(1, 7))
    rows = np.repeat(rng.normal(size=(len(lengths), 5)), lengths, axis=0) + rng.normal(size=(lengths.sum(), 5)) * 0.3
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    wanted, _ = plain_kts(rows, vmax)
    assert kernel_change_points(rows, vmax).tolist() == wanted


def test_kts_shots_are_given_in_frames() -> None:
    features = np.repeat(np.eye(3, 8), [10, 5, 12], axis=0) * [[4.0]]  # scale must not matter
    shots = kts_shots(features, np.arange(27) * 15, 27 * 15 - 4)
    assert shots.tolist() == [[0, 149], [150, 224], [225, 400]]
    assert kts_shots(features[:1], [0], 9).tolist() == [[0, 8]]
    with pytest.raises(MaesumError, match="one pick per row"):
        kts_shots(features, np.arange(5), 100)


def test_average_precision_of_known_rankings() -> None:
    wanted = np.array([True, False, True, False])
    assert average_precision(wanted, np.array([4, 3, 2, 1])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(wanted, np.array([4, 1, 3, 2])) == 1.0
    assert average_precision(wanted, np.zeros(4)) == 0.5  # all tied: the share of the wanted
    assert np.isnan(average_precision(wanted, np.array([1, np.nan, 2, 3])))


def test_highlights_of_a_perfect_and_a_reversed_prediction() -> None:
    quality = np.repeat(np.arange(20), 60)  # twenty shots of two seconds at 30 frames per second
    ratings = np.stack([quality, quality])
    assert highlight_precision(quality, ratings, fps=30, share=0.5) == 1.0
    assert highlight_precision(quality, ratings, fps=30, share=0.15) == 1.0
    assert highlight_precision(-quality, ratings, fps=30, share=0.15) < 0.15


def test_highlights_of_tvsum_are_about_what_was_measured(tvsum: list[np.ndarray]) -> None:
    videos = tvsum[::5]
    for share, chance, human in ((0.5, 0.516, 0.740), (0.15, 0.182, 0.431)):
        rng = np.random.default_rng(0)
        random = [highlight_precision(rng.random(v.shape[1]), v, 30, share) for v in videos for _ in range(10)]
        people = [highlight_precision(user, v, 30, share) for v in videos for user in v]
        assert np.mean(random) == pytest.approx(chance, abs=0.03)
        assert np.mean(people) == pytest.approx(human, abs=0.04)


def test_a_knapsack_of_many_items_is_that_of_few(monkeypatch):
    """Whatever is computed again, to the bit: also where totals tie, and items do not fit or are worth nothing."""
    rng = np.random.default_rng(0)
    for trial in range(60):
        items = int(rng.integers(1, 40))
        values = rng.integers(0, 4, items) / (1 if trial % 2 else 10)
        weights, capacity = rng.integers(1, 9, items), int(rng.integers(0, 40))
        whole = knapsack(values, weights, capacity)
        monkeypatch.setattr(keyshots, "_FEWEST_ITEMS", 1)
        monkeypatch.setattr(keyshots.math, "isqrt", lambda items: 0)  # one item a block
        np.testing.assert_array_equal(knapsack(values, weights, capacity), whole)
        np.testing.assert_array_equal(whole, _plain_knapsack(values, weights, capacity))
        monkeypatch.undo()


def _plain_knapsack(values, weights, capacity):
    """Every total of every item kept."""
    best = np.zeros((len(values) + 1, capacity + 1))
    for item, (value, weight) in enumerate(zip(values, weights, strict=True)):
        best[item + 1] = best[item]
        if weight <= capacity:
            best[item + 1, weight:] = np.maximum(best[item, weight:], best[item, : capacity + 1 - weight] + value)
    chosen = []
    for item in reversed(range(len(values))):
        if best[item + 1, capacity] > best[item, capacity]:
            chosen.append(item)
            capacity -= weights[item]
    return chosen[::-1]


def test_a_knapsack_of_a_long_video_takes_little_memory():
    """Ten hours in shots of two seconds: kept for all shots, what is taken would be a gigabyte and a half."""
    items = 18_000
    rng = np.random.default_rng(0)
    tracemalloc.start()
    knapsack(rng.random(items), np.full(items, 2), int(0.15 * 2 * items))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6  # 97 MB with a byte for each item and capacity

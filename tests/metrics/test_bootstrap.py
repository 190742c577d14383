"""Baselines of chance and confidence intervals."""

from __future__ import annotations

import numpy as np
import pytest

from maesum.metrics import (
    bootstrap_interval,
    human_against_mean,
    human_pairwise,
    oracle_mean,
    paired_difference,
    random_importance,
    rank_correlation,
    smooth_random_importance,
)
from maesum.system.errors import MaesumError


def test_interval_of_normal_values_is_the_textbook_one() -> None:
    values = np.random.default_rng(0).normal(0.1, 0.04, 50)
    low, high = bootstrap_interval(values)
    half = 1.96 * values.std() / np.sqrt(50)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.0015)


def test_interval_is_repeatable_and_covers_about_95_percent() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(200):
        low, high = bootstrap_interval(rng.normal(size=40), resamples=500, seed=trial)
        hits += low < 0 < high
    assert 0.88 < hits / 200 < 0.99
    values = rng.normal(size=20)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)


def test_interval_of_undefined_or_no_values_is_undefined() -> None:
    assert np.isnan(bootstrap_interval([0.1, np.nan])).all()
    assert np.isnan(bootstrap_interval([])).all()


def test_paired_difference_is_narrower_than_the_two_means() -> None:
    rng = np.random.default_rng(2)
    difficulty = rng.normal(0.1, 0.1, 50)
    a, b = difficulty + 0.01 + rng.normal(0, 0.01, 50), difficulty + rng.normal(0, 0.01, 50)
    difference, alone = paired_difference(a, b), bootstrap_interval(a)
    assert difference.mean == pytest.approx((a - b).mean())
    assert difference.low < difference.mean < difference.high
    assert difference.high - difference.low < (alone.high - alone.low) / 3
    with pytest.raises(MaesumError, match="same videos"):
        paired_difference(a, b[:-1])


def test_weights_say_how_often_a_video_counts() -> None:
    values, other = np.array([0.0, 0.3, 0.9]), np.array([0.1, 0.1, 0.1])
    found = paired_difference(values, other, weights=[1, 1, 2])
    assert found.mean == pytest.approx((0.0 + 0.3 + 2 * 0.9) / 4 - 0.1)
    draws = np.random.default_rng(0).integers(0, 3, (10_000, 3))
    means = [np.average(values[draw], weights=np.array([1, 1, 2])[draw]) for draw in draws[:2000]]
    assert bootstrap_interval(values, resamples=2000, weights=[1, 1, 2]) == pytest.approx(
        np.quantile(means, [0.025, 0.975])
    )
    assert bootstrap_interval(values, weights=[1, 1, 1]) == pytest.approx(bootstrap_interval(values))


def test_human_baselines_equal_a_plain_loop() -> None:
    scores = np.random.default_rng(3).integers(1, 6, (5, 120))
    pairs, against_mean = human_pairwise(scores), human_against_mean(scores)
    wanted = [rank_correlation(scores[i], scores[j][None]).tau[0] for i in range(5) for j in range(5) if i != j]
    np.testing.assert_allclose(np.sort(pairs.tau), np.sort(wanted), atol=1e-12)
    for i in range(5):
        others = np.delete(scores, i, axis=0).mean(axis=0).round(9)
        assert against_mean.rho[i] == pytest.approx(rank_correlation(others, scores[i][None]).rho[0], abs=1e-12)
    oracle = rank_correlation(scores.mean(axis=0).round(9), scores)
    np.testing.assert_allclose(oracle_mean(scores), oracle, atol=1e-12)


def test_one_annotator_has_no_human_baseline() -> None:
    track = np.array([[0, 1, 1, 0]])
    assert human_pairwise(track).tau.size == 0
    assert human_against_mean(track).rho.size == 0


def test_random_predictions_are_repeatable_and_differ_by_seed() -> None:
    for generate in (random_importance, smooth_random_importance):
        np.testing.assert_array_equal(generate(500, (1, 2)), generate(500, (1, 2)))
        assert (generate(500, (1, 2)) != generate(500, (1, 3))).any()


def test_smooth_noise_has_the_correlation_of_its_gaussian_and_no_edges() -> None:
    sigma = 10.0
    noise = np.stack([smooth_random_importance(300, seed, sigma) for seed in range(4000)])
    std = noise.std(axis=0)
    assert std[[0, -1]] == pytest.approx(std.mean(), rel=0.05)
    assert np.corrcoef(noise[:, 0], noise[:, 10])[0, 1] == pytest.approx(np.exp(-1 / 4), abs=0.04)
    assert abs(np.corrcoef(noise[:, 0], noise[:, -1])[0, 1]) < 0.06

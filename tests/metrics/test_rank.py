"""Tau-b and rho equal scipy's, for any mix of ties, levels and undefined values."""

from __future__ import annotations

import bisect
import doctest
import importlib
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from maesum.metrics import human_against_mean, mean, oracle_mean, pairwise_rank_correlation, rank_correlation, resolve
from maesum.metrics.concordance import BASE, FEW_LEVELS, kendall_s, tied_pairs
from maesum.system.errors import MaesumError


def scipy_correlation(prediction: np.ndarray, annotator: np.ndarray) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant inputs
        return kendalltau(prediction, annotator)[0], spearmanr(prediction, annotator)[0]


def assert_equals_scipy(prediction: np.ndarray, annotators: np.ndarray) -> None:
    tau, rho = rank_correlation(prediction, annotators)
    wanted = np.array([scipy_correlation(prediction, annotator) for annotator in annotators])
    np.testing.assert_allclose(tau, wanted[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(rho, wanted[:, 1], rtol=0, atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), n=st.integers(2, 60))
def test_equals_scipy_with_ties_anywhere(data: st.DataObject, n: int) -> None:
    def column(levels: int) -> list[int]:
        return data.draw(st.lists(st.integers(0, levels - 1), min_size=n, max_size=n))

    prediction = np.array(column(data.draw(st.sampled_from([1, 3, 1000])))) / 7
    annotators = np.array([column(levels) for levels in (1, 2, 5, 40, 1000)])
    assert_equals_scipy(prediction, annotators)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 3000), spread=st.sampled_from([0.1, 0.5, 1, 2, 1e6]))
def test_equals_scipy_at_lengths_of_several_digits(seed: int, n: int, spread: float) -> None:
    """The spread decides how much of the prediction is tied: nearly all, more or less than half, or nothing."""
    rng = np.random.default_rng(seed)
    prediction = rng.integers(0, int(spread * n) + 1, n)
    annotators = np.stack([rng.integers(-levels, levels, n) / 3 for levels in (1, 2, FEW_LEVELS, 250, 10**9)])
    annotators[0] = prediction + rng.integers(0, n, n)
    assert_equals_scipy(prediction, annotators)


def test_equals_scipy_at_300000_frames() -> None:
    rng = np.random.default_rng(5)
    n = 300_000
    annotators = np.stack([rng.integers(0, 2, n), rng.integers(0, 500, n), rng.normal(size=n)])
    assert_equals_scipy(rng.random(n).astype(np.float32) + annotators[2] / 4, annotators)


@pytest.mark.parametrize("held", [1, 2])
def test_memory_is_bounded_and_does_not_grow_with_annotators(held: int) -> None:
    rng = np.random.default_rng(6)
    n = BASE**3 + 1  # padded the most
    prediction, annotators = np.repeat(rng.random(n), held)[:n], rng.random((4, n))
    tracemalloc.start()
    rank_correlation(prediction, annotators)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 128 * n


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float32", "float64"])
@pytest.mark.parametrize("tied", [False, True])
def test_equals_scipy_for_every_type_of_scores(dtype: str, tied: bool) -> None:
    rng = np.random.default_rng(0)
    prediction = rng.random(3000).astype(np.float32)
    prediction = np.round(prediction, 2) if tied else prediction
    assert_equals_scipy(prediction, rng.integers(0, 5, (4, 3000)).astype(dtype))


@pytest.mark.parametrize("n", [1, 2, 3, 64, 65, 1000])
@pytest.mark.parametrize("tied", [False, True])
def test_equals_scipy_for_annotators_of_many_levels(n: int, tied: bool) -> None:
    rng = np.random.default_rng(n)
    prediction = rng.integers(0, 9, n) if tied else rng.normal(size=n)
    annotators = np.stack([rng.normal(size=n), rng.integers(0, 300, n), rng.normal(size=n).round(1), -np.arange(n)])
    if n == 1:
        assert np.isnan(rank_correlation(prediction, annotators)).all()
    else:
        assert_equals_scipy(prediction, annotators)


@pytest.mark.parametrize("n_levels", [2, 3, FEW_LEVELS, FEW_LEVELS + 1, 500])
def test_concordance_equals_counting_all_pairs(n_levels: int) -> None:
    levels = np.random.default_rng(n_levels).integers(0, n_levels, 700)
    first, second = np.triu_indices(levels.size, 1)
    assert kendall_s(levels, n_levels) == np.sign(levels[second] - levels[first]).sum()


@pytest.mark.parametrize("n", [1, 2, BASE - 1, BASE, BASE + 1, BASE**2, BASE**2 + 1, BASE**3 + 1])
def test_concordance_equals_insertion_into_a_sorted_list(n: int) -> None:
    """Lengths around the edges of blocks, rows and digits, with ties and without."""
    rng = np.random.default_rng(n)
    for n_levels in (FEW_LEVELS + 1, 8 * n + FEW_LEVELS):
        levels = rng.integers(0, n_levels, n)
        seen: list[int] = []
        discordant = 0
        for level in levels.tolist():
            place = bisect.bisect_right(seen, level)
            discordant += len(seen) - place
            seen.insert(place, level)
        untied = n * (n - 1) // 2 - tied_pairs(np.bincount(levels))
        assert kendall_s(levels, n_levels) == untied - 2 * discordant


@pytest.mark.parametrize("n_levels", [2, 1000])
def test_no_overflow_at_300000_frames(n_levels: int) -> None:
    """Pairs (4.5e10) and rank sums are far beyond 32 bits; block by block ascending, the answer is known."""
    n = 300_000
    size = n // n_levels
    levels = np.repeat(np.arange(n_levels), size)
    between_blocks = n * (n - 1) // 2 - n_levels * (size * (size - 1) // 2)
    wanted_tau = np.sqrt(between_blocks / (n * (n - 1) // 2))
    # Spearman: the blocks' mid-ranks against 1..n leave out the variance inside the blocks.
    wanted_rho = np.sqrt((n**2 - size**2) / (n**2 - 1))
    for sign in (1, -1):
        tau, rho = rank_correlation(sign * np.arange(n), levels[None])
        assert tau[0] == pytest.approx(sign * wanted_tau, abs=1e-12)
        assert rho[0] == pytest.approx(sign * wanted_rho, abs=1e-12)


def test_rho_over_tau_of_a_binary_track_is_the_root_of_one_and_a_half() -> None:
    rng = np.random.default_rng(1)
    track = rng.integers(0, 2, (1, 200_000))
    tau, rho = rank_correlation(rng.random(200_000) + track[0], track)
    assert rho[0] / tau[0] == pytest.approx(np.sqrt(1.5), abs=1e-4)


def test_constants_and_nans_are_undefined() -> None:
    rng = np.random.default_rng(2)
    annotators = rng.integers(0, 5, (3, 50)).astype(float)
    annotators[1] = 2.0
    annotators[2, 7] = np.nan
    assert np.isnan(rank_correlation(rng.random(50), annotators).tau).tolist() == [False, True, True]
    assert np.isnan(rank_correlation(np.full(50, 0.3), annotators)).all()
    with_nan = rng.random(50)
    with_nan[3] = np.nan
    assert np.isnan(rank_correlation(with_nan, annotators)).all()


def test_infinite_values_rank_as_extremes() -> None:
    annotators = np.random.default_rng(3).integers(0, 5, (2, 30))
    prediction = np.arange(30.0)
    extreme = np.where(prediction == 29, np.inf, np.where(prediction == 0, -np.inf, prediction))
    np.testing.assert_array_equal(rank_correlation(prediction, annotators), rank_correlation(extreme, annotators))


@pytest.mark.parametrize(
    ("prediction", "annotators", "wanted"),
    [
        ([1, 2, 3], [[1, 2]], "3 values and user_scores 2 frames"),
        ([[1, 2]], [[1, 2]], "importance has shape"),
        ([1, 2], [1, 2], "user_scores has shape"),
        (["a", "b"], [[1, 2]], "wanted numbers"),
    ],
)
def test_unfit_input_is_named(prediction: list, annotators: list, wanted: str) -> None:
    with pytest.raises(MaesumError, match=wanted):
        rank_correlation(prediction, annotators)


@pytest.mark.parametrize("kind", ["few levels", "many levels", "undefined"])
def test_pairwise_equals_one_by_one(kind: str) -> None:
    rng = np.random.default_rng(4)
    scores = rng.integers(0, 5, (6, 300)).astype(float) if kind != "many levels" else rng.normal(size=(6, 300))
    if kind == "undefined":
        scores[1] = 3.0
        scores[4, 5] = np.nan
    pairs = pairwise_rank_correlation(scores)
    for user, row in enumerate(scores):
        one = rank_correlation(row, scores)
        np.testing.assert_allclose(pairs.tau[user], one.tau, rtol=0, atol=1e-12)
        np.testing.assert_allclose(pairs.rho[user], one.rho, rtol=0, atol=1e-12)


def test_policies_for_undefined_values() -> None:
    values = [0.2, np.nan, 0.4]
    assert np.isnan(mean(values))
    assert mean(values, "omit") == pytest.approx(0.3)
    assert mean(values, "zero") == pytest.approx(0.2)
    assert np.isnan(mean([np.nan], "omit"))
    assert resolve(values, "omit").tolist() == [0.2, 0.4]
    with pytest.raises(MaesumError, match="wanted one of propagate, omit, zero"):
        mean(values, "skip")  # type: ignore[arg-type]


@pytest.mark.parametrize("module", ["maesum.metrics", "maesum.metrics.rank", "maesum.metrics.streaming"])
def test_the_examples_in_docstrings_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


def test_pairs_are_counted_in_blocks_without_a_difference(monkeypatch):
    scores = np.random.default_rng(0).integers(1, 6, (4, 1000)).astype(np.float32)
    scores[1, 3] = np.nan
    whole = pairwise_rank_correlation(scores)
    monkeypatch.setattr(importlib.import_module("maesum.metrics.pairwise"), "_BLOCK", 7)
    for one, other in zip(pairwise_rank_correlation(scores), whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_people_on_a_long_video_take_little_memory():
    """300,000 frames of 20 annotators: their levels marked one by one would be 150 MB, float64 copies 48 MB."""
    scores = np.repeat(np.random.default_rng(0).integers(1, 6, (20, 5000)).astype(np.uint8), 60, axis=1)
    for measured, most in ((pairwise_rank_correlation, 30e6), (human_against_mean, 45e6), (oracle_mean, 45e6)):
        tracemalloc.start()
        measured(scores)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most, measured

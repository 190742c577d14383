"""Estimate how certain a mean over few videos is, by the percentile bootstrap over videos."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from maesum.system.errors import MaesumError

RESAMPLES = 10_000
LEVEL = 0.95


class Interval(NamedTuple):
    """A confidence interval; nan where the mean is undefined."""

    low: float
    high: float


class Difference(NamedTuple):
    """The mean of a - b over the same videos, and its confidence interval."""

    mean: float
    low: float
    high: float


def bootstrap_interval(
    values: ArrayLike,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
    weights: ArrayLike | None = None,
) -> Interval:
    """Return the percentile bootstrap interval of a mean over videos (Efron and Tibshirani, 1993, chapter 13).

    Videos are drawn, not frames or annotators, since a result should hold for further videos. The same seed, videos and
    order give the same interval on any machine.

    Args:
        values: [videos], one figure per video; a nan makes the interval nan, so apply `resolve` first.
        level: the confidence, e.g. 0.95.
        weights: [videos], how much each counts in the mean, e.g. in how many splits it is tested; alike by default.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0 or np.isnan(array).any():
        return Interval(float("nan"), float("nan"))
    draws = np.random.default_rng(seed).integers(0, array.size, size=(resamples, array.size))
    if weights is None:
        means = array[draws].mean(axis=1)
    else:
        shares = np.asarray(weights, dtype=np.float64)[draws]
        means = (array[draws] * shares).sum(axis=1) / shares.sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
    weights: ArrayLike | None = None,
) -> Difference:
    """Return the mean difference of a minus b on the same videos, with its interval.

    Both models have the same easy and hard videos, so the interval of their difference is far narrower than the two
    intervals of their means suggest.

    Args:
        a: [videos].
        b: [videos], the same videos in the same order.
        weights: [videos], as of `bootstrap_interval`.

    Raises:
        MaesumError: the shapes differ.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise MaesumError(f"a has shape {first.shape} and b {second.shape}, wanted the same videos in the same order.")
    difference = first - second
    interval = bootstrap_interval(difference, level, resamples, seed, weights)
    shares = None if weights is None else np.asarray(weights, dtype=np.float64)
    mean = float(np.average(difference, weights=shares)) if difference.size else float("nan")
    return Difference(mean, interval.low, interval.high)

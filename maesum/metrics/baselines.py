"""Compute what a result has to be compared with: people, the best possible prediction, and chance.

Every table prints these beside the model. The human rows show how far annotators agree with each other; smooth noise
shows how far from zero a useless predictor gets merely because neighbouring frames are alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from maesum.metrics.pairwise import pairwise_rank_correlation
from maesum.metrics.rank import RankCorrelation, rank_correlation

#: Width of the smooth noise in frames (standard deviation of the Gaussian): about two seconds of video.
SMOOTH_SIGMA = 60.0


def human_pairwise(user_scores: ArrayLike) -> RankCorrelation:
    """Correlate each annotator with every other one: the human row of the paper's Table 3.

    Args:
        user_scores: [users, n] numbers.

    Returns:
        tau and rho of all ordered pairs i != j, [users * (users - 1)]; empty where there is one annotator.
    """
    tau, rho = pairwise_rank_correlation(user_scores)
    is_other = ~np.eye(len(tau), dtype=bool)
    return RankCorrelation(tau[is_other], rho[is_other])


def human_against_mean(user_scores: ArrayLike) -> RankCorrelation:
    """Correlate each annotator with the mean of the others, as `gtscore` and `msva` compare a model with the mean.

    Args:
        user_scores: [users, n] numbers.

    Returns:
        tau and rho, [users]; empty where there is one annotator.
    """
    scores = np.asarray(user_scores)
    if len(scores) < 2:
        return RankCorrelation(np.empty(0), np.empty(0))
    # Sums of the others have the same ranks as their means, and are exact for whole numbers.
    total = scores.sum(axis=0, dtype=np.float64)
    each = [rank_correlation(total - own, own[None]) for own in scores]
    return RankCorrelation(np.concatenate([one.tau for one in each]), np.concatenate([one.rho for one in each]))


def oracle_mean(user_scores: ArrayLike) -> RankCorrelation:
    """Correlate the mean of all annotators with each of them: nearly the most that any prediction can reach.

    Args:
        user_scores: [users, n] numbers.

    Returns:
        tau and rho against each annotator, [users].
    """
    scores = np.asarray(user_scores)
    return rank_correlation(scores.sum(axis=0, dtype=np.float64), scores)


def random_importance(n: int, seed: ArrayLike) -> np.ndarray:
    """Draw a random prediction, independent for each frame.

    Args:
        n: frames.
        seed: one or several whole numbers, e.g. (seed, video, draw).

    Returns:
        [n] float64, uniform over 0..1.
    """
    return np.random.default_rng(np.atleast_1d(seed)).random(n)


def smooth_random_importance(n: int, seed: ArrayLike, sigma: float = SMOOTH_SIGMA) -> np.ndarray:
    """Draw a random prediction that varies slowly: white noise smoothed by a Gaussian of `sigma` frames.

    Args:
        n: frames.
        seed: one or several whole numbers, e.g. (seed, video, draw).
        sigma: standard deviation of the Gaussian in frames.

    Returns:
        [n] float64, of mean 0 and equal variance from the first frame to the last.
    """
    margin = int(np.ceil(8 * sigma))  # what the circular filter joins, the end and the start, lies outside the video
    noise = np.random.default_rng(np.atleast_1d(seed)).standard_normal(n + margin)
    response = np.exp(-2 * (np.pi * sigma * np.fft.rfftfreq(noise.size)) ** 2)  # Fourier transform of the Gaussian
    return np.fft.irfft(np.fft.rfft(noise) * response, n=noise.size)[:n]

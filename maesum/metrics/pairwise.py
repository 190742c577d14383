"""Rank correlation of every annotator of a video with every other one.

380 ordered pairs a video on TVSum: too many to sort frames for each. Annotators use few levels, so all that two of them
say about a video is a contingency table of levels, and the tables of all pairs are one matrix product.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from maesum.metrics.rank import mid_ranks, rank_correlation

#: Above this many levels the tables outgrow the frames, and the annotators are ranked one by one.
FEW_LEVELS = 32
#: Frames that are counted at a time: what marks their levels takes 4 bytes for each level of each annotator.
_BLOCK = 1 << 13


class PairwiseCorrelation(NamedTuple):
    """Rank correlation of each annotator (row) with each other one (column).

    Attributes:
        tau: [users, users] float64, symmetric, Kendall's tau-b; nan where it is undefined.
        rho: [users, users] float64, symmetric, Spearman's rho; nan where it is undefined.
    """

    tau: np.ndarray
    rho: np.ndarray


def pairwise_rank_correlation(user_scores: ArrayLike) -> PairwiseCorrelation:
    """Kendall's tau-b and Spearman's rho of all pairs of annotators, exact.

    Args:
        user_scores: [users, n] numbers. A constant annotator, or one with a NaN, is undefined (nan) in all its pairs.
    """
    scores = np.asarray(user_scores)
    # One annotator at a time, since there may be an hour of each.
    is_nan = np.array([np.isnan(row).any() for row in scores], dtype=bool)
    levels = [np.unique(row) for row, has_nan in zip(scores, is_nan, strict=True) if not has_nan]
    values = np.unique(np.concatenate(levels)) if levels else np.empty(0)
    if len(values) > FEW_LEVELS or not np.isfinite(values).all():
        each = [rank_correlation(row, scores) for row in scores]
        return PairwiseCorrelation(np.stack([one.tau for one in each]), np.stack([one.rho for one in each]))
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 of constant annotators is the nan that is wanted
        result = _from_tables(scores, values)
    for matrix in result:
        matrix[is_nan, :] = matrix[:, is_nan] = np.nan
    return result


def _from_tables(scores: np.ndarray, values: np.ndarray) -> PairwiseCorrelation:
    n_users, n = scores.shape
    n_levels = len(values)
    tables = np.zeros((n_users * n_levels, n_users * n_levels))
    for first in range(0, n, _BLOCK):  # float32 counts a block's frames exactly, and float64 all of them
        block = scores[:, None, first : first + _BLOCK]
        is_level = (block == values[:, None]).reshape(n_users * n_levels, -1).astype(np.float32)
        tables += is_level @ is_level.T
    tables = tables.reshape(n_users, n_levels, n_users, n_levels).swapaxes(1, 2)  # [users, users, levels, levels]
    counts = np.diagonal(np.diagonal(tables, axis1=0, axis2=1), axis1=0, axis2=1)  # [users, levels]

    n_pairs = n * (n - 1) / 2
    untied = n_pairs - (counts * (counts - 1) / 2).sum(axis=1)
    tau = _kendall_s(tables) / np.sqrt(untied[:, None]) / np.sqrt(untied)

    ranks = np.stack([mid_ranks(row) for row in counts])  # [users, levels]
    covariance = np.einsum("ik,ijkl,jl->ij", ranks, tables, ranks, optimize=True)
    variance = (counts * ranks**2).sum(axis=1)
    rho = covariance / np.sqrt(variance[:, None]) / np.sqrt(variance)
    return PairwiseCorrelation(np.clip(tau, -1.0, 1.0), np.clip(rho, -1.0, 1.0))


def _kendall_s(tables: np.ndarray) -> np.ndarray:
    """Count concordant minus discordant pairs of contingency tables [..., levels, levels], both axes ascending."""
    lower_rows = np.cumsum(tables, axis=-2) - tables  # [..., k, l]: the frames below level k with the other level l
    pairs = lower_rows.swapaxes(-1, -2) @ tables  # [..., a, b]: pairs that ascend in one, and go from a to b
    levels = np.arange(tables.shape[-1])
    return (pairs * np.sign(levels - levels[:, None])).sum(axis=(-1, -2))

"""Counting concordant and discordant pairs exactly, for annotators of few levels and of many.

Both counts rest on one fact. Put the frames in the order of the prediction and split the annotator's levels in halves,
low and high: how many pairs the split contributes to S = concordant - discordant is a rank sum,
S = 2 R1 - n1 (n + 1), with R1 the sum of the 1-based positions of the n1 high frames among all n. The pairs inside the
low half and inside the high half are counted the same way, each half split again. That is ceil(log2 levels) passes over
the frames and one sort of the prediction for any number of annotators.

All sums are 64-bit: a rank sum passes 2^31 from 65,536 frames on.
"""

from __future__ import annotations

import numpy as np

#: Up to this many levels the halves are split one by one; above, all halves of one size are split at once.
FEW_LEVELS = 64


def kendall_s(levels: np.ndarray, n_levels: int) -> int:
    """S = concordant - discordant pairs of frames, for a prediction without ties.

    Args:
        levels: [n] whole numbers in 0..n_levels - 1, the annotator's level of each frame, the frames in ascending
            order of the prediction.
        n_levels: an upper bound of the number of levels; levels that do not occur are fine.
    """
    if n_levels <= FEW_LEVELS:
        return _split_levels(levels, 0, n_levels)
    return _split_all_levels(levels)


def _split_levels(levels: np.ndarray, first: int, last: int) -> int:
    """S of frames whose levels lie in first..last - 1."""
    n = levels.size
    if n < 2 or last - first < 2:
        return 0
    middle = (first + last) // 2
    is_high = levels >= middle
    high = np.flatnonzero(is_high)
    s = 2 * int(high.sum(dtype=np.int64)) - high.size * (n - 1)  # 2 R1 - n1 (n + 1) with 0-based positions
    if last - middle > 1:
        s += _split_levels(levels[high], middle, last)
    if middle - first > 1:
        s += _split_levels(levels[np.flatnonzero(~is_high)], first, middle)
    return s


def _split_all_levels(levels: np.ndarray) -> int:
    """S for any number of levels, in O(n log n): every row of a table is one half, and all rows are split together."""
    n = levels.size
    bits = max(1, (n - 1).bit_length())
    # Distinct ranks, equal levels in order of position, so that ties never count as discordant. The ranks are padded to
    # a power of two by frames that come last and are highest, which adds no discordant pair either.
    by_level = np.argsort(levels, kind="stable")
    ranks = np.arange(1 << bits, dtype=np.int64)
    ranks[by_level] = np.arange(n, dtype=np.int64)

    discordant = 0
    rows = ranks.reshape(1, -1)
    for bit in reversed(range(bits)):
        half = 1 << bit
        rows = rows.reshape(-1, 2 * half)  # one row holds the ranks row * 2 half ... in the order of the prediction
        is_low = (rows & half) == 0
        positions = np.nonzero(is_low)[1]
        # A low frame's position counts the low and the high frames before it; only the high ones are discordant.
        discordant += int(positions.sum(dtype=np.int64)) - len(rows) * (half * (half - 1) // 2)
        rows = np.concatenate([rows[is_low].reshape(-1, half), rows[~is_low].reshape(-1, half)], axis=1)

    return n * (n - 1) // 2 - tied_pairs(np.bincount(levels)) - 2 * discordant


def tied_pairs(counts: np.ndarray) -> int:
    """The number of pairs inside groups of equal values, from the groups' sizes."""
    sizes = counts.astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())

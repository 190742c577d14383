"""Count concordant and discordant pairs exactly, for annotators of few levels and of many.

Few levels: put the frames in the order of the prediction and split the annotator's levels in halves, low and high. How
many pairs the split contributes to S = concordant - discordant is a rank sum, S = 2 R1 - n1 (n + 1), with R1 the sum of
the 1-based positions of the n1 high frames among all n. The pairs inside the low half and inside the high half are
counted the same way, each half split again: ceil(log2 levels) passes over the frames.

Many levels: rank the frames by level and write the ranks in base 32. The first digit in which two ranks differ decides
whether the two frames are discordant, so there is one pass for every digit: ceil(log2(n) / 5) of them.

All sums are 64-bit: a rank sum passes 2^31 from 65,536 frames on.
"""

from __future__ import annotations

import numpy as np

from maesum.metrics.ordering import stable_order

#: Up to this many levels the halves are split one by one.
FEW_LEVELS = 64
#: Bits of a digit. A pass compares each frame with all values of a digit: wider ones save passes and cost comparisons.
DIGIT_BITS = 5
BASE = 1 << DIGIT_BITS


def kendall_s(levels: np.ndarray, n_levels: int) -> int:
    """Compute S = concordant - discordant pairs of frames, for a prediction without ties.

    Args:
        levels: [n] whole numbers in 0..n_levels - 1, the annotator's level of each frame, the frames in ascending
            order of the prediction.
        n_levels: an upper bound of the number of levels; levels that do not occur are fine.
    """
    if n_levels <= FEW_LEVELS:
        return _split_levels(levels, 0, n_levels)
    n = levels.size
    untied = n * (n - 1) // 2 - tied_pairs(np.bincount(levels))
    return untied - 2 * _inversions(stable_order(levels))


def _split_levels(levels: np.ndarray, first: int, last: int) -> int:
    """Compute S of frames whose levels are in first..last - 1."""
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


def _inversions(permutation: np.ndarray) -> int:
    """Count the inversions (pairs in descending order) of a permutation of 0..n - 1.

    The frames' positions, sorted by level and equal levels by position, have as many inversions as there are discordant
    pairs: ties never count.
    """
    n = permutation.size
    shifts = range(0, max(1, (n - 1).bit_length()), DIGIT_BITS)
    # Padded to whole rows by the highest values at the end, which adds no inversion.
    row = max(BASE, 1 << shifts[-1])
    size = -(-n // row) * row
    values = np.concatenate([permutation, np.arange(n, size)]).astype(np.uint32)
    inversions = 0
    for shift in reversed(shifts):
        # A row holds the values that agree in all higher digits, in the order in which they stand in the permutation.
        digits = ((values >> shift) & (BASE - 1)).astype(np.uint8).reshape(-1, min(size, BASE << shift))
        inversions += _digit_inversions(digits)
        if shift:
            by_digit = np.argsort(digits, axis=1, kind="stable")
            by_digit += np.arange(0, size, digits.shape[1])[:, None]
            values = values[by_digit.ravel()]
    return inversions


def _digit_inversions(rows: np.ndarray) -> int:
    """Count the inversions, summed over rows [rows, a multiple of BASE] of digits 0..BASE - 1."""
    # Pairs inside a block of BASE neighbours, by distance. Transposed, so that every comparison is one long one.
    places = np.ascontiguousarray(rows.reshape(-1, BASE).T)  # [place in the block, block]
    inversions = sum(int(np.count_nonzero(places[:-gap] > places[gap:])) for gap in range(1, BASE))
    # Pairs of two blocks of one row: each digit against the higher ones in the blocks before.
    n_rows, width = rows.shape
    if width > BASE:
        higher_before = np.zeros((n_rows, width // BASE), dtype=np.int64)
        for digit in reversed(range(BASE)):
            in_block = (places == digit).view(np.uint8).sum(axis=0, dtype=np.uint8)
            counts = in_block.astype(np.int64).reshape(n_rows, -1)
            inversions += int(np.vdot(higher_before, counts))
            higher_before += np.cumsum(counts, axis=1) - counts
    return inversions


def tied_pairs(counts: np.ndarray) -> int:
    """Return the number of pairs inside groups of equal values, from the groups' sizes."""
    sizes = counts[counts > 1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())

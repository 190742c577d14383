"""Sorting frames by score in linear time."""

from __future__ import annotations

import numpy as np


def stable_order(values: np.ndarray) -> np.ndarray:
    """Return the indices that sort the values, equal ones in order of position: `np.argsort(values, kind="stable")`.

    Numpy's stable sort is a radix sort for 16 bits, linear in n, and a merge sort above. So numbers of 32 and 64 bits
    are sorted by one 16-bit digit after the other, the least significant first.

    Args:
        values: [n] numbers, at least one, none of them NaN.

    Returns:
        [n] int64.
    """
    if values.dtype.itemsize not in (4, 8):  # numpy's own radix sort; also long doubles, which it merges
        return np.argsort(values, kind="stable")
    keys = _unsigned(values)
    low_first = keys.astype(keys.dtype.newbyteorder("<"), copy=False).view("<u2")
    order = None
    for column in low_first.reshape(values.size, -1).T:
        digit = np.ascontiguousarray(column)
        if digit.min() == digit.max():  # most digits of small whole numbers, also where stored as floats
            continue
        order = np.argsort(digit, kind="stable") if order is None else order[np.argsort(digit[order], kind="stable")]
    return np.arange(values.size) if order is None else order


def _unsigned(values: np.ndarray) -> np.ndarray:
    """Unsigned whole numbers of as many bits that compare as the values do."""
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    if values.dtype.kind == "u":
        return values
    bits = 8 * values.itemsize
    if values.dtype.kind == "f":
        # Floats of one sign compare as their bits do, negative ones the wrong way round. + 0 makes -0 equal to 0.
        values = (values + 0).view(f"i{values.itemsize}")
        values ^= (values >> (bits - 1)) & ((1 << (bits - 1)) - 1)
    unsigned = values.view(f"u{values.itemsize}")
    return unsigned ^ unsigned.dtype.type(1 << (bits - 1))

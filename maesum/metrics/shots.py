"""Cut a video into shots, by kernel temporal segmentation of its features or uniformly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from maesum.system.errors import MaesumError

#: Length of uniform shots in frames: two seconds at 30 frames per second.
UNIFORM_LENGTH = 60


def uniform_shots(n_frames: int, length: int = UNIFORM_LENGTH) -> np.ndarray:
    """Return shots of equal length; the last one may be shorter.

    Returns:
        [shots, 2] int64, first and last frame of each, both inclusive.
    """
    return shots_from_starts(np.arange(0, n_frames, length), n_frames)


def shots_from_starts(starts: ArrayLike, n_frames: int) -> np.ndarray:
    """Return shots that cover the video, from the first frame of each.

    Args:
        starts: [shots] whole numbers, strictly increasing from 0.
        n_frames: frames of the video.

    Returns:
        [shots, 2] int64, first and last frame of each, both inclusive.
    """
    first = np.asarray(starts, dtype=np.int64)
    return np.stack([first, np.append(first[1:], n_frames) - 1], axis=1)


def kts_shots(features: ArrayLike, picks: ArrayLike, n_frames: int, vmax: float = 1.0) -> np.ndarray:
    """Segment a video by kernel temporal segmentation (Potapov et al., 2014), as for the field's feature files.

    The kernel is linear on L2-normalised features. The penalty vmax m / (2 N) (ln(N / m) + 1) chooses the number m of
    change points. The time grows with the cube of N: pass every 15th frame, as the field does.

    Args:
        features: [N, D] numbers.
        picks: [N] whole numbers, the frame of each row, strictly increasing.
        n_frames: frames of the video.
        vmax: weight of the penalty.

    Returns:
        [shots, 2] int64, first and last frame of each, both inclusive.

    Raises:
        MaesumError: the shapes do not fit.
    """
    rows, frames = np.asarray(features, dtype=np.float64), np.asarray(picks)
    if rows.ndim != 2 or frames.shape != (len(rows),):
        raise MaesumError(f"features have shape {rows.shape} and picks {frames.shape}, wanted one pick per row.")
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    starts = frames[kernel_change_points(rows, vmax)]
    return shots_from_starts(np.append(0, starts), n_frames)


def kernel_change_points(rows: np.ndarray, vmax: float = 1.0) -> np.ndarray:
    """Return the rows at which shots begin, by kernel temporal segmentation, whose penalty chooses their number.

    Args:
        rows: [N, D] float64.
        vmax: weight of the penalty.

    Returns:
        [changes] int64, the first row of each segment but the first; empty where one segment is best.
    """
    n = len(rows)
    if n < 2:
        return np.empty(0, dtype=np.int64)
    from ruptures import KernelCPD  # takes half a second to import, and only F1 needs it

    search = KernelCPD(kernel="linear", min_size=1, jump=1).fit(rows)
    search.predict(n_bkps=n - 1)  # one pass of dynamic programming holds the optimum for every smaller number too
    integral = np.zeros((n + 1, n + 1))
    integral[1:, 1:] = (rows @ rows.T).cumsum(axis=0).cumsum(axis=1)
    total = float((rows**2).sum())
    best, best_cost = np.empty(0, dtype=np.int64), (total - integral[n, n] / n) / n
    for m in range(1, n):
        bounds = np.concatenate([[0], search.predict(n_bkps=m)]).astype(np.int64)
        scatter = total - float(_explained(integral, bounds[:-1], bounds[1:]).sum())
        cost = scatter / n + vmax * m / (2 * n) * (np.log(n / m) + 1)
        if cost < best_cost:
            best, best_cost = bounds[1:-1], cost
    return best


def _explained(integral: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the squared norm of each segment's summed rows, divided by its length: the part that its mean explains.

    Args:
        integral: [N + 1, N + 1], the sums of the Gram matrix over all rectangles from its first corner.
        starts: [segments], the first row of each segment.
        ends: [segments], the row after the last of each segment.
    """
    block = integral[ends, ends] - 2 * integral[starts, ends] + integral[starts, starts]
    return block / (ends - starts)

"""Choose the shots of a summary: shots by kernel temporal segmentation, the best of them by a knapsack."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from maesum.metrics.keyshots import knapsack, shot_means
from maesum.metrics.shots import kts_shots
from maesum.summaries.ticks import Ticks
from maesum.system.errors import MaesumError

#: The field segments two rows a second with vmax 1 (every 15th frame at 30 frames per second).
_FIELD_ROWS_PER_SECOND = 2.0
#: Rows segmented at a time, since the time grows with their cube: five minutes at the field's rate. No shot crosses the
#: border between two such parts.
_ROWS_AT_ONCE = 600
#: Longest shot; longer ones are cut into equal pieces, since a video of a single take would else be chosen as a
#: whole or not at all: seconds, share of the video, and the fewest seconds that this share may come to.
_LONGEST_SECONDS, _LONGEST_SHARE, _SHORTEST_LIMIT_SECONDS = 5.0, 0.05, 0.5


class BudgetTooSmall(MaesumError):
    """A budget that not even the shortest shot of a video fits into."""


@dataclass(frozen=True)
class Selection:
    """The shots of a video and those chosen for the summary.

    Attributes:
        shots: [shots, 2] int64, first and last frame of each, both inclusive.
        values: [shots] float64, mean importance.
        weights: [shots] int64, ticks of each (see `maesum.summaries.ticks`).
        chosen: [k] int64, the chosen shots in order.
        budget: share of the time that could be chosen.
        ticks: of the video.
    """

    shots: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    chosen: np.ndarray
    budget: float
    ticks: Ticks

    @property
    def n_frames(self) -> int:
        """Return the number of frames of the video."""
        return self.ticks.n_frames

    @property
    def is_chosen(self) -> np.ndarray:
        """Return which shots are chosen, [shots] bool."""
        chosen = np.zeros(len(self.shots), dtype=bool)
        chosen[self.chosen] = True
        return chosen

    @property
    def frames(self) -> np.ndarray:
        """Return which frames are in the summary, [n_frames] bool."""
        return np.repeat(self.is_chosen, self.shots[:, 1] - self.shots[:, 0] + 1)

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Return the first and last frame of each stretch to play, with neighbouring shots joined."""
        runs: list[tuple[int, int]] = []
        for first, last in self.shots[self.chosen].tolist():
            if runs and runs[-1][1] + 1 == first:
                runs[-1] = (runs[-1][0], last)
            else:
                runs.append((first, last))
        return runs


def find_shots(features: np.ndarray, every: int, ticks: Ticks) -> np.ndarray:
    """Return the shots of a video, long ones cut into pieces.

    Up to 600 rows are all segmented, so that cuts are exact to the frame in short videos. Of longer videos, two rows
    per second are taken, as in the field, by the times of the frames. More rows of the same pictures have more scatter
    in sum, so the penalty's weight depends on the density (see `_penalty_weight`).

    Args:
        features: [rows, D], the features of every `every`-th frame.
        ticks: of the video.

    Returns:
        [shots, 2] int64, first and last frame of each, both inclusive.
    """
    rows_per_second = ticks.per_second * ticks.n_frames / ticks.total / every
    sparsest = max(1, round(rows_per_second / _FIELD_ROWS_PER_SECOND))
    step = min(sparsest, math.ceil(len(features) / _ROWS_AT_ONCE))
    vmax = _penalty_weight(rows_per_second / step / _FIELD_ROWS_PER_SECOND)
    rows = _rows_evenly_in_time(len(features), every, step, ticks)
    parts = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        first = int(part[0]) * every
        behind = int(rows[start + _ROWS_AT_ONCE]) * every if start + _ROWS_AT_ONCE < len(rows) else ticks.n_frames
        parts.append(first + kts_shots(features[part], part * every - first, behind - first, vmax))
    return split_long(np.concatenate(parts), longest_shot(ticks), ticks)


def _rows_evenly_in_time(rows: int, every: int, step: int, ticks: Ticks) -> np.ndarray:
    """Return one row in `step` on average, each the first after a point of an even time grid; all rows with step 1.

    Returns:
        [k] int64, rising from 0.
    """
    if step == 1:
        return np.arange(rows)
    row_ticks = ticks.bounds[: rows * every : every]
    moments = np.arange(0, row_ticks[-1] + 1, step * every * ticks.total / ticks.n_frames)
    return np.unique(np.searchsorted(row_ticks, moments))


def _penalty_weight(density: float) -> float:
    """Return the weight at which `density` times the field's rows give the same shots as the field's rows at weight 1.

    A shot costs vmax / 2 (ln(N / m) + 1) in units of scatter, which grows with the density like N does; the logarithm
    must not grow with it. The two are equal for shots of N / m = 8 of the field's rows, four seconds.
    """
    field_cost = math.log(8) + 1
    return density * field_cost / (field_cost + math.log(max(density, 1.0)))


def longest_shot(ticks: Ticks) -> int:
    """Return the largest length of a shot in ticks; it does not depend on the budget, so the shots do not either."""
    share = max(_LONGEST_SHARE * ticks.total, min(_SHORTEST_LIMIT_SECONDS * ticks.per_second, 0.15 * ticks.total))
    return max(1, int(min(_LONGEST_SECONDS * ticks.per_second, share)))


def split_long(shots: np.ndarray, longest: int, ticks: Ticks) -> np.ndarray:
    """Cut every shot of more than `longest` ticks into the fewest pieces that are short enough, about equally long.

    Pieces begin with a frame, so a frame that is shown for longer than `longest` is a piece by itself.

    Args:
        shots: [shots, 2] int64, both ends inclusive.
    """
    pieces = [piece for first, last in shots.tolist() for piece in _pieces(first, last + 1, longest, ticks.bounds)]
    return np.array(pieces, dtype=np.int64)


def _pieces(first: int, behind: int, longest: int, bounds: np.ndarray) -> list[tuple[int, int]]:
    """Return the pieces of one shot, as first and last frame."""
    start, length = int(bounds[first]), int(bounds[behind] - bounds[first])
    if length <= longest or behind - first == 1:
        return [(first, behind - 1)]
    count = math.ceil(length / longest)
    moments = [start + length * piece // count for piece in range(count + 1)]
    borders = np.unique(np.searchsorted(bounds, moments, side="right") - 1).tolist()
    if len(borders) == 2:  # one frame covers all moments between: it is a piece, and what stands on its sides
        longest_frame = first + int(np.diff(bounds[first : behind + 1]).argmax())
        borders = sorted({first, longest_frame, longest_frame + 1, behind})
    return [piece for low, high in itertools.pairwise(borders) for piece in _pieces(low, high, longest, bounds)]


def select(importance: np.ndarray, shots: np.ndarray, budget: float, video_id: str, ticks: Ticks) -> Selection:
    """Return the most valuable shots that fit into the budget.

    Args:
        importance: [n_frames].
        shots: [shots, 2] int64, both ends inclusive.
        budget: share of the video's time.
        ticks: of the video.

    Raises:
        BudgetTooSmall: not even the shortest shot fits.
        MaesumError: a budget that is no share.
    """
    if not 0 < budget <= 1:
        raise MaesumError(f"budget is {budget}, wanted a share of the video above 0 and up to 1, such as 0.15.")
    weights = ticks.lengths(shots)
    capacity = int(budget * ticks.total)
    values = shot_means(importance, shots)
    if weights.min() > capacity:
        seconds = [count / ticks.per_second for count in (capacity, ticks.total, weights.min())]
        raise BudgetTooSmall(
            f"budget={budget}: allows {seconds[0]:.2f} of the {seconds[1]:.2f} seconds of video '{video_id}', but its "
            f"shortest shot has {seconds[2]:.2f}; raise the budget."
        )
    return Selection(shots, values, weights, knapsack(values, weights, capacity), budget, ticks)

"""Which shots make the summary: shots by kernel temporal segmentation, the best of them by a knapsack."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from maesum.errors import MaesumError
from maesum.metrics.keyshots import knapsack, shot_means
from maesum.metrics.shots import kts_shots

#: The field segments two rows a second with vmax 1 (every 15th frame at 30 frames per second).
_FIELD_ROWS_PER_SECOND = 2.0
#: Rows segmented at once: the time grows with their cube. Five minutes at the field's rate; a shot never crosses that.
_ROWS_AT_ONCE = 600
#: A shot is cut into equal pieces no longer than this: seconds, share of the video, and seconds that the share cannot
#: go below. Without it a single unbroken take would be all or nothing.
_LONGEST_SECONDS, _LONGEST_SHARE, _SHORTEST_LIMIT_SECONDS = 5.0, 0.05, 0.5


@dataclass(frozen=True)
class Selection:
    """The shots of a video and those chosen for the summary.

    Attributes:
        shots: [shots, 2] int64, first and last frame of each, both inclusive.
        values: [shots] float64, mean importance.
        chosen: [k] int64, the chosen shots in order.
        budget: share of the frames that could be chosen.
        n_frames: of the video.
    """

    shots: np.ndarray
    values: np.ndarray
    chosen: np.ndarray
    budget: float
    n_frames: int

    @property
    def is_chosen(self) -> np.ndarray:
        """[shots] bool."""
        chosen = np.zeros(len(self.shots), dtype=bool)
        chosen[self.chosen] = True
        return chosen

    @property
    def frames(self) -> np.ndarray:
        """[n_frames] bool, the frames of the summary."""
        return np.repeat(self.is_chosen, self.shots[:, 1] - self.shots[:, 0] + 1)

    @property
    def runs(self) -> list[tuple[int, int]]:
        """First and last frame of each stretch to play, neighbouring shots joined."""
        runs: list[tuple[int, int]] = []
        for first, last in self.shots[self.chosen].tolist():
            if runs and runs[-1][1] + 1 == first:
                runs[-1] = (runs[-1][0], last)
            else:
                runs.append((first, last))
        return runs


def find_shots(features: np.ndarray, every: int, n_frames: int, fps: float) -> np.ndarray:
    """The shots of a video, long ones cut into pieces.

    Up to 600 rows are segmented as densely as they are, so that cuts are found to the frame in short videos; longer
    videos at the field's two rows a second. Denser rows add up to more scatter for the same pictures, so the penalty's
    weight follows the density (see `_penalty_weight`).

    Args:
        features: [rows, D], the features of every `every`-th frame.
        fps: frames per second.

    Returns:
        [shots, 2] int64, first and last frame of each, both inclusive.
    """
    rows_per_second = fps / every
    sparsest = max(1, round(rows_per_second / _FIELD_ROWS_PER_SECOND))
    step = min(sparsest, math.ceil(len(features) / _ROWS_AT_ONCE))
    vmax = _penalty_weight(rows_per_second / step / _FIELD_ROWS_PER_SECOND)
    rows = np.arange(0, len(features), step)
    parts = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        first = int(part[0]) * every
        behind = int(rows[start + _ROWS_AT_ONCE]) * every if start + _ROWS_AT_ONCE < len(rows) else n_frames
        parts.append(first + kts_shots(features[part], part * every - first, behind - first, vmax))
    return split_long(np.concatenate(parts), longest_shot(n_frames, fps))


def _penalty_weight(density: float) -> float:
    """The weight at which `density` times the field's rows give the shots that the field's rows give with weight 1.

    A shot costs vmax / 2 (ln(N / m) + 1) in units of scatter, which grows with the density like N does; the logarithm
    must not grow with it. The two are equal for shots of N / m = 8 of the field's rows, four seconds.
    """
    field_cost = math.log(8) + 1
    return density * field_cost / (field_cost + math.log(max(density, 1.0)))


def longest_shot(n_frames: int, fps: float) -> int:
    """How many frames a shot may have; the same for every budget, so that all budgets choose among the same shots."""
    share = max(_LONGEST_SHARE * n_frames, min(_SHORTEST_LIMIT_SECONDS * fps, 0.15 * n_frames))
    return max(1, int(min(_LONGEST_SECONDS * fps, share)))


def split_long(shots: np.ndarray, longest: int) -> np.ndarray:
    """Cut every shot of more than `longest` frames into the fewest pieces that are short enough, of equal length."""
    pieces: list[tuple[int, int]] = []
    for first, last in shots.tolist():
        count = math.ceil((last - first + 1) / longest)
        bounds = [first + (last - first + 1) * piece // count for piece in range(count + 1)]
        pieces += [(start, stop - 1) for start, stop in itertools.pairwise(bounds)]
    return np.array(pieces, dtype=np.int64)


def select(importance: np.ndarray, shots: np.ndarray, budget: float, video_id: str) -> Selection:
    """The most valuable shots that fit into the budget.

    Args:
        importance: [n_frames].
        shots: [shots, 2] int64, both ends inclusive.
        budget: share of the frames.

    Raises:
        MaesumError: not even the shortest shot fits.
    """
    if not 0 < budget <= 1:
        raise MaesumError(f"budget is {budget}, wanted a share of the video above 0 and up to 1, such as 0.15.")
    lengths = shots[:, 1] - shots[:, 0] + 1
    capacity = int(budget * len(importance))
    values = shot_means(importance, shots)
    if lengths.min() > capacity:
        raise MaesumError(
            f"budget={budget}: allows {capacity} of the {len(importance)} frames of video '{video_id}', but its "
            f"shortest shot has {lengths.min()}; raise the budget."
        )
    return Selection(shots, values, knapsack(values, lengths, capacity), budget, len(importance))

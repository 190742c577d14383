"""Evaluate highlight detection: mean average precision of the best two-second shots (mAP@50 and mAP@15).

After Sul et al. (MR. HiSum, 2023): the shots are ranked by their mean predicted importance, and a good ranking begins
with those that the annotators rate highest, the best 50 % or 15 % of a video.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from maesum.metrics.keyshots import shot_means
from maesum.metrics.shots import uniform_shots
from maesum.system.errors import MaesumError

#: Length of a shot in seconds: TVSum's annotators rated two seconds at a time.
SHOT_SECONDS = 2.0


def highlight_precision(
    importance: ArrayLike, user_scores: ArrayLike, fps: float, share: float, seconds: float = SHOT_SECONDS
) -> float:
    """Compute the average precision of finding a video's best shots; its mean over videos is mAP.

    Args:
        importance: [n] numbers, the prediction.
        user_scores: [users, n] numbers; a shot is as good as its mean over annotators and frames.
        fps: frames per second.
        share: the share of shots to be found, 0.5 for mAP@50 and 0.15 for mAP@15, rounded down to at least one shot.
            Among equally good shots, the earlier is to be found.
        seconds: length of a shot.

    Returns:
        A number in 0..1; chance reaches a little more than `share`. nan where the importance holds a NaN.

    Raises:
        MaesumError: the shapes do not fit.
    """
    prediction, annotators = np.asarray(importance, dtype=np.float64), np.asarray(user_scores, dtype=np.float64)
    if prediction.ndim != 1 or annotators.ndim != 2 or annotators.shape[1] != prediction.size:
        raise MaesumError(
            f"importance has shape {prediction.shape} and user_scores {annotators.shape}, wanted [n] and [users, n]."
        )
    shots = uniform_shots(prediction.size, max(1, round(seconds * fps)))
    quality = shot_means(annotators.sum(axis=0), shots)  # ranks as the mean does, and is exact for ratings
    is_wanted = np.zeros(len(shots), dtype=bool)
    is_wanted[np.argsort(-quality, kind="stable")[: max(1, int(share * len(shots)))]] = True
    return average_precision(is_wanted, shot_means(prediction, shots))


def average_precision(is_wanted: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean, over the wanted items, of the precision down to each one's score.

    Items of equal score are found together, so that their order in the video cannot help (scikit-learn's definition).

    Args:
        is_wanted: [items] bool, at least one True.
        scores: [items] numbers.
    """
    if np.isnan(scores).any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    is_last_of_score = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(is_wanted[order])[is_last_of_score]
    precision = found / (np.flatnonzero(is_last_of_score) + 1)
    return float((np.diff(found, prepend=0) * precision).sum() / found[-1])

"""Make key-shot summaries and compute their F1, after Zhang et al. (2016): the field's older measure.

The value of a shot is the mean score of its frames, and a knapsack fills 15 % of the video with the most valuable
shots. It is the mean and not the sum, since with it the ratings of TVSum's annotators give the published
`user_summary` exactly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from maesum.metrics.baselines import random_importance

#: The share of a video that its summary may fill.
BUDGET = 0.15
#: Items of a knapsack up to which nothing is computed twice; of more, blocks of 8 sqrt(items) take the least memory.
_FEWEST_ITEMS = 2048


def keyshot_summary(importance: ArrayLike, shots: ArrayLike, budget: float = BUDGET) -> np.ndarray:
    """Return the most valuable shots that fit into a share of the video.

    Where scores are negative, all are first raised so that the lowest is 0, since a knapsack takes no negative shot.

    Args:
        importance: [n] numbers, one a frame.
        shots: [shots, 2] whole numbers, first and last frame of each, both inclusive.
        budget: the share of the frames that may be chosen; the capacity is int(budget * n) frames.

    Returns:
        [n] bool, the frames of the summary.
    """
    scores, bounds = np.asarray(importance), np.asarray(shots, dtype=np.int64)
    scores = scores - min(scores.min(), 0)
    lengths = bounds[:, 1] - bounds[:, 0] + 1
    chosen = knapsack(shot_means(scores, bounds), lengths, int(budget * scores.size))
    summary = np.zeros(scores.size, dtype=bool)
    for first, last in bounds[chosen]:
        summary[first : last + 1] = True
    return summary


def shot_means(importance: np.ndarray, shots: np.ndarray) -> np.ndarray:
    """Return the mean importance of each shot's frames.

    Args:
        importance: [n] numbers.
        shots: [shots, 2] int64, first and last frame of each, both inclusive.

    Returns:
        [shots] float64.
    """
    ends = shots[:, 1] + 1
    padded = np.append(importance.astype(np.float64), 0.0)  # so that an end behind the last frame is an index too
    sums = np.add.reduceat(padded, np.stack([shots[:, 0], ends], axis=1).ravel())[::2]  # [1::2] lie between the shots
    return sums / (ends - shots[:, 0])


def knapsack(values: np.ndarray, weights: np.ndarray, capacity: int) -> np.ndarray:
    """Return the items of greatest total value within the capacity, exactly (0/1 knapsack by dynamic programming).

    Ties: items are tried in order and taken only where that raises the best total. So of equally valuable selections
    the one made of earlier items wins, and an item of value 0 is never taken. Totals are compared in float64: totals
    that differ in the last bit only (.1 + .2 and .3) are no tie.

    The table of which items are taken within which capacity is kept for one block of items at a time, and computed
    again for earlier blocks: for all items it would take 2.5 GB for a million frames in shots of two seconds.

    Args:
        values: [items] numbers.
        weights: [items] whole numbers of at least 1.
        capacity: whole number.

    Returns:
        The chosen items' numbers, ascending int64.
    """
    block = max(_FEWEST_ITEMS, 8 * math.isqrt(len(values)))
    best = np.zeros(capacity + 1)  # best[c]: the greatest total of the items so far within capacity c
    before: list[np.ndarray] = []  # best as it was before each block of items
    taken: list[np.ndarray] = []
    for first in range(0, len(values), block):
        before.append(best.copy())
        is_last = first + block >= len(values)
        taken = _offer(best, values[first : first + block], weights[first : first + block], is_noted=is_last)

    chosen: list[int] = []
    left = capacity
    for number in reversed(range(len(before))):
        first = number * block
        if number < len(before) - 1:  # of which nothing was noted; nothing is read beyond `left`
            best = before[number][: left + 1]
            taken = _offer(best, values[first : first + block], weights[first : first + block], is_noted=True)
        for item in reversed(range(len(taken))):
            if taken[item][left >> 3] << (left & 7) & 0x80:
                chosen.append(first + item)
                left -= int(weights[first + item])
    return np.array(chosen[::-1], dtype=np.int64)


def _offer(best: np.ndarray, values: np.ndarray, weights: np.ndarray, is_noted: bool) -> list[np.ndarray]:
    """Update the best totals with items, one after the other.

    Args:
        best: [capacity + 1] float64, the greatest total within each capacity; updated in place.
        is_noted: whether to return which items are taken.

    Returns:
        For each item the capacities within which it is taken: [capacity + 1] bits, eight in a byte. Empty if not noted.
    """
    taken = []
    for value, weight in zip(values, weights, strict=True):
        with_item = best[: max(0, best.size - weight)] + value
        if is_noted:
            is_taken = np.zeros(best.size, dtype=bool)
            is_taken[weight:] = with_item > best[weight:]
            taken.append(np.packbits(is_taken))
        best[weight:] = np.maximum(best[weight:], with_item)
    return taken


def f1_scores(summary: ArrayLike, user_summaries: ArrayLike) -> np.ndarray:
    """Compute the F1 of one summary's frames against each annotator's.

    Args:
        summary: [n] bool.
        user_summaries: [users, n] bool.

    Returns:
        [users] float64 in 0..1; 0 where the two share no frame.
    """
    own, users = np.asarray(summary, dtype=bool), np.asarray(user_summaries, dtype=bool)
    overlap = (own & users).sum(axis=1, dtype=np.int64)
    sizes = own.sum(dtype=np.int64) + users.sum(axis=1, dtype=np.int64)
    return 2 * overlap / np.maximum(sizes, 1)  # precision and recall of overlap / size combine to this


def human_f1(user_summaries: ArrayLike) -> np.ndarray:
    """Compute the F1 of every annotator against every other one.

    Args:
        user_summaries: [users, n] bool.

    Returns:
        [users, users - 1] float64; a model's F1 is compared with the mean or maximum of a row.
    """
    users = np.asarray(user_summaries, dtype=bool)
    if len(users) < 2:
        return np.empty((len(users), 0))
    return np.stack([f1_scores(users[user], np.delete(users, user, axis=0)) for user in range(len(users))])


def user_summaries(user_scores: ArrayLike, shots: ArrayLike, kind: str) -> np.ndarray:
    """Return the annotators' summaries: selections unchanged, ratings by the same knapsack as a model's scores.

    Args:
        user_scores: [users, n] numbers.
        shots: [shots, 2] whole numbers, both ends inclusive; used for ratings only.
        kind: "ratings", or anything else where values above 0 are selected frames.

    Returns:
        [users, n] bool.
    """
    scores = np.asarray(user_scores)
    if kind != "ratings":
        return scores > 0
    return np.stack([keyshot_summary(user, shots) for user in scores])


def random_f1(user_summaries: ArrayLike, shots: ArrayLike, seed: ArrayLike, draws: int = 100) -> np.ndarray:
    """F1 of summaries of random scores, for performance over random (Apostolidis et al., 2020).

    Args:
        user_summaries: [users, n] bool.
        shots: [shots, 2] whole numbers, both ends inclusive.
        seed: one or several whole numbers, e.g. (seed, video).

    Returns:
        [draws, users] float64.
    """
    users = np.asarray(user_summaries, dtype=bool)
    predictions = (random_importance(users.shape[1], np.append(seed, draw)) for draw in range(draws))
    return np.stack([f1_scores(keyshot_summary(prediction, shots), users) for prediction in predictions])

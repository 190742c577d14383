"""Say what the scores of a benchmark are, beyond its kind: as the annotators gave them, or derived from these.

The public feature files hold 0/1 summaries of every data set: of TVSum those that a knapsack made of its ratings, of
SumMe the selections without their ordinal values. Such files serve some protocols and give wrong numbers under the
names of others (`maesum.evaluation.served`), so a benchmark file says which it holds.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

#: As the annotators gave them.
RAW = "as given"
#: 0/1 key-shot summaries that a knapsack made of ratings; the file lacks the ratings.
SUMMARIES_OF_RATINGS = "summaries of ratings"
#: 0/1, selected or not; the file lacks the ordinal values that annotators gave.
SELECTED_OR_NOT = "selected or not"

MEANINGS = (RAW, SUMMARIES_OF_RATINGS, SELECTED_OR_NOT)

#: Meaning of 0/1 scores by data set, for data sets whose annotators gave more than 0 and 1; by a part of its name.
_REDUCED = {"tvsum": SUMMARIES_OF_RATINGS, "summe": SELECTED_OR_NOT}


def meaning_of(name: str, kind: str, user_scores: Iterable[np.ndarray]) -> str:
    """Guess the meaning of a benchmark's scores, one of `MEANINGS`, if the file does not state it.

    Args:
        name: the data set's name, e.g. "tvsum".
        kind: "ratings", "selections" or "events".
        user_scores: [users, n_frames] of each video; read only where it matters.
    """
    if kind == "ratings":
        return SUMMARIES_OF_RATINGS if are_binary(user_scores) else RAW
    reduced = next((meaning for data_set, meaning in _REDUCED.items() if data_set in name.lower()), RAW)
    return reduced if kind == "selections" and reduced != RAW and are_binary(user_scores) else RAW


def are_binary(user_scores: Iterable[np.ndarray]) -> bool:
    """Return whether all values of all videos are 0 or 1."""
    return all(bool(np.isin(scores, (0, 1)).all()) for scores in user_scores)

"""Compute the measures of one video for the scores, the scores compared with, and the baselines.

Every function returns the rows of one table for one video: predictor name to [measures, draws], where only the random
baselines have more than one draw.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maesum.evaluation.joining import Case
from maesum.metrics.averages import Undefined, mean
from maesum.metrics.baselines import (
    human_against_mean,
    human_pairwise,
    random_importance,
    smooth_random_importance,
)
from maesum.metrics.highlights import highlight_precision
from maesum.metrics.keyshots import f1_scores, human_f1, keyshot_summary, random_f1, user_summaries
from maesum.metrics.protocols import comparison_for
from maesum.metrics.rank import RankCorrelation, rank_correlation
from maesum.system.errors import MaesumError

#: Draws of the random baselines of tau, rho and mAP for each video; F1 takes the 100 of Apostolidis et al. (2020).
#: `Table.spread` pools them over videos: repeated with other seeds, that of smooth noise varied by 3 % on TVSum and by
#: 6 % on SumMe, where ten draws of the mean over videos gave 22 % and 24 %. Ten draws cost 2.7 s of a core on TVSum.
DRAWS = 10

SCORES, AGAINST = "scores", "against"

Rows = dict[str, np.ndarray]


def rank_rows(case: Case, protocol: str, undefined: Undefined) -> tuple[Rows, int]:
    """Compute tau and rho under a protocol; return also how many values of the scores are undefined.

    The baselines use the same protocol: annotators are compared with each other, or with the mean of the others
    where the protocol compares with a mean.
    """
    comparison = comparison_for(protocol, case.kind)
    annotators = comparison.annotators(case.user_scores, case.shots)
    reference = comparison.reference(annotators)

    def correlate(importance: np.ndarray) -> RankCorrelation:
        return rank_correlation(comparison.prediction(importance, case.shots), reference)

    def averaged(correlation: RankCorrelation) -> np.ndarray:
        return np.array([[mean(correlation.tau, undefined)], [mean(correlation.rho, undefined)]])

    own = correlate(case.importance)
    rows = {SCORES: averaged(own)}
    if case.against is not None:
        rows[AGAINST] = averaged(correlate(case.against))
    if len(annotators) > 1:
        against_mean = averaged(human_against_mean(annotators))
        rows["human"] = against_mean if comparison.against_mean else averaged(human_pairwise(annotators))
        if not comparison.against_mean:
            rows["human against mean"] = against_mean
        rows["oracle"] = averaged(correlate(_mean_annotator(case)))
    rows |= _random_rows(case, lambda importance: averaged(correlate(importance)))
    return rows, int(np.isnan(own.tau).sum())


def f1_rows(case: Case) -> Rows:
    """Compute the F1 of key-shot summaries, and this F1 divided by the mean F1 of random scores.

    The F1 is computed with each annotator; the result is their mean or maximum (`Case.f1_over`).
    """
    assert case.shots is not None
    shots = case.shots
    combine = np.mean if case.f1_over == "mean" else np.max
    users = user_summaries(case.user_scores, shots, case.kind)

    def measured(importance: np.ndarray) -> float:
        return float(combine(f1_scores(keyshot_summary(importance, shots), users)))

    values = {SCORES: np.array([measured(case.importance)])}
    if case.against is not None:
        values[AGAINST] = np.array([measured(case.against)])
    if len(users) > 1:
        values["human"] = np.array([combine(human_f1(users), axis=1).mean()])
        values["oracle"] = np.array([measured(_mean_annotator(case))])
    values["random"] = combine(random_f1(users, shots, case.seed), axis=1)
    chance = values["random"].mean()
    return {name: np.stack([value, value / chance if chance else value * np.nan]) for name, value in values.items()}


def highlight_rows(case: Case) -> Rows:
    """Compute mAP@50 and mAP@15 of shots of two seconds.

    In the human row each annotator is compared with the same labels as the model; the annotator contributed to them.

    Raises:
        MaesumError: the benchmark gives no fps, so the frames of two seconds are unknown.
    """

    fps = case.fps
    if fps is None:
        raise MaesumError("highlights=true takes shots of two seconds, but the benchmark does not say its videos' fps.")

    def measured(importance: np.ndarray) -> np.ndarray:
        shares = (0.5, 0.15)
        return np.array([[highlight_precision(importance, case.user_scores, fps, share)] for share in shares])

    rows = {SCORES: measured(case.importance)}
    if case.against is not None:
        rows[AGAINST] = measured(case.against)
    rows["human"] = np.mean([measured(user) for user in case.user_scores], axis=0)
    return rows | _random_rows(case, measured)


def _random_rows(case: Case, measured: Callable[[np.ndarray], np.ndarray]) -> Rows:
    n_frames = case.importance.size
    generators = {"random": random_importance, "smooth random": smooth_random_importance}
    return {
        name: np.concatenate([measured(generate(n_frames, (*case.seed, draw))) for draw in range(DRAWS)], axis=1)
        for name, generate in generators.items()
    }


def _mean_annotator(case: Case) -> np.ndarray:
    annotators = case.user_scores > 0 if case.kind == "selections" else case.user_scores
    return annotators.sum(axis=0, dtype=np.float64)

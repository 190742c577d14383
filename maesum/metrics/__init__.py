"""Compute rank correlation, summaries and highlights, with their baselines, on numpy arrays and without torch.

>>> from maesum.metrics import rank_correlation
>>> rank_correlation([0.1, 0.4, 0.3, 0.9], [[1, 2, 3, 3]]).rho.round(4).tolist()
[0.6325]
"""

from maesum.metrics.alignment import fit_length, hold
from maesum.metrics.averages import mean, resolve
from maesum.metrics.baselines import (
    human_against_mean,
    human_pairwise,
    oracle_mean,
    random_importance,
    smooth_random_importance,
)
from maesum.metrics.bootstrap import bootstrap_interval, paired_difference
from maesum.metrics.highlights import highlight_precision
from maesum.metrics.keyshots import f1_scores, human_f1, keyshot_summary, knapsack, random_f1, user_summaries
from maesum.metrics.pairwise import pairwise_rank_correlation
from maesum.metrics.protocols import PROTOCOLS, protocol_correlation
from maesum.metrics.rank import RankCorrelation, rank_correlation
from maesum.metrics.shots import kts_shots, uniform_shots
from maesum.metrics.splits import load_splits

__all__ = [
    "PROTOCOLS",
    "RankCorrelation",
    "bootstrap_interval",
    "f1_scores",
    "fit_length",
    "highlight_precision",
    "hold",
    "human_against_mean",
    "human_f1",
    "human_pairwise",
    "keyshot_summary",
    "knapsack",
    "kts_shots",
    "load_splits",
    "mean",
    "oracle_mean",
    "paired_difference",
    "pairwise_rank_correlation",
    "protocol_correlation",
    "random_f1",
    "random_importance",
    "rank_correlation",
    "resolve",
    "smooth_random_importance",
    "uniform_shots",
    "user_summaries",
]

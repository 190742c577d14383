"""Compute tau and rho of one video by any of the protocols that the field uses, by name.

The same scores give figures up to 1.9 times apart under different protocols, so a result means nothing without its
protocol's name. A protocol says how the prediction is transformed, and what it is ranked against. The prediction is
given at every frame; expand scores at picks first (`maesum.metrics.alignment.hold`). `paper` is the default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from maesum.metrics.alignment import STEP
from maesum.metrics.keyshots import keyshot_summary, user_summaries
from maesum.metrics.rank import RankCorrelation, rank_correlation
from maesum.system.errors import MaesumError

#: Maps [..., n_frames] scores, and [shots, 2] shots (None unless `Comparison.needs_shots`), to [..., frames compared].
View = Callable[[np.ndarray, np.ndarray | None], np.ndarray]


def every_frame(scores: np.ndarray, shots: np.ndarray | None) -> np.ndarray:
    """Return the scores unchanged."""
    return scores


def every_15th(scores: np.ndarray, shots: np.ndarray | None) -> np.ndarray:
    """Return the frames that the field's feature files keep."""
    return scores[..., ::STEP]


def repeated_15th(scores: np.ndarray, shots: np.ndarray | None) -> np.ndarray:
    """Return the frames that the field's feature files keep, each repeated 15 times and cut to the video's length."""
    return np.repeat(scores[..., ::STEP], STEP, axis=-1)[..., : scores.shape[-1]]


def selected(scores: np.ndarray, shots: np.ndarray | None) -> np.ndarray:
    """Return whether each annotator selected each frame."""
    return scores > 0


def selected_15th(scores: np.ndarray, shots: np.ndarray | None) -> np.ndarray:
    """Return whether each annotator selected each frame that the field's feature files keep."""
    return scores[..., ::STEP] > 0


def summary(scores: np.ndarray, shots: np.ndarray | None) -> np.ndarray:
    """Return the knapsack summary of a prediction [n_frames]."""
    return keyshot_summary(scores, _required(shots))


def rated_summaries(scores: np.ndarray, shots: np.ndarray | None) -> np.ndarray:
    """Return the knapsack summary of every annotator's ratings [users, n_frames]."""
    return user_summaries(scores, _required(shots), "ratings")


@dataclass(frozen=True)
class Comparison:
    """How a protocol compares predictions with annotators on one kind of benchmark.

    Attributes:
        prediction: transforms the prediction [n_frames] before it is compared.
        annotators: transforms the annotators' raw scores [users, n_frames] before they are compared.
        against_mean: whether the prediction is compared once with the mean annotator, not with each annotator.
    """

    prediction: View
    annotators: View
    against_mean: bool = False

    @property
    def needs_shots(self) -> bool:
        """Return whether the protocol makes a knapsack summary, which needs shots."""
        return self.prediction is summary

    def reference(self, annotators: np.ndarray) -> np.ndarray:
        """Return what predictions are correlated with: [users, m], or [1, m] if the annotators are averaged.

        The sum is taken instead of the mean: it has the same ranks and is exact for whole numbers.

        Args:
            annotators: [users, m], the raw scores as transformed by `self.annotators`.
        """
        return annotators.sum(axis=0, keepdims=True, dtype=np.float64) if self.against_mean else annotators


@dataclass(frozen=True)
class Protocol:
    """A named protocol: its comparison for each kind of benchmark that it is defined for, and who computes it so."""

    source: str
    ratings: Comparison | None = None
    selections: Comparison | None = None
    events: Comparison | None = None

    def comparison(self, kind: str) -> Comparison | None:
        """Return the comparison for "ratings", "selections" or "events"; None if the protocol is undefined for it."""
        return {"ratings": self.ratings, "selections": self.selections, "events": self.events}[kind]


_SUMMARY_OF_RATINGS = Comparison(summary, rated_summaries, against_mean=True)
_SUMMARY_OF_SELECTIONS = Comparison(summary, selected, against_mean=True)
_RATINGS_15TH = Comparison(every_15th, every_15th)

PROTOCOLS: dict[str, Protocol] = {
    "paper": Protocol(
        "this paper, after Otani et al. (2019): every frame, each annotator, selections as selected or not",
        ratings=Comparison(every_frame, every_frame),
        selections=Comparison(every_frame, selected),
        events=Comparison(every_frame, every_frame),
    ),
    "saquil": Protocol(
        "Multi-ranker (Saquil et al., 2021): every 15th score repeated, each annotator, raw ordinal selections",
        ratings=Comparison(repeated_15th, every_frame),
        selections=Comparison(repeated_15th, every_frame),
    ),
    "casum": Protocol(
        "CA-SUM (Apostolidis et al., 2022) and CSTA: every 15th frame, each annotator",
        ratings=_RATINGS_15TH,
    ),
    "ctvsum": Protocol(
        "CTVSUM (Pang et al., 2023): every 15th frame, each annotator, selections as selected or not",
        ratings=_RATINGS_15TH,
        selections=Comparison(every_15th, selected_15th),
    ),
    "csta": Protocol(
        "CSTA (Son et al., 2024) and LLMVS (2025): ratings as casum, selections as msva",
        ratings=_RATINGS_15TH,
        selections=_SUMMARY_OF_SELECTIONS,
    ),
    "msva": Protocol(
        "MSVA (Ghauri et al., 2021) and MR. HiSum (2023): knapsack summary against the mean of the users' summaries",
        ratings=_SUMMARY_OF_RATINGS,
        selections=_SUMMARY_OF_SELECTIONS,
    ),
    "gtscore": Protocol(
        "GraVi-T (Intel Labs, 2023): every 15th frame against the mean annotator, the `gtscore` of the feature files",
        ratings=Comparison(every_15th, every_15th, against_mean=True),
        selections=Comparison(every_15th, selected_15th, against_mean=True),
    ),
}


def protocol_correlation(
    name: str, kind: str, importance: ArrayLike, user_scores: ArrayLike, shots: ArrayLike | None = None
) -> RankCorrelation:
    """Compute tau and rho of one video under a named protocol.

    Args:
        name: a key of `PROTOCOLS`.
        kind: "ratings" (TVSum), "selections" (SumMe) or "events" (FineGym).
        importance: [n_frames] numbers, the prediction at every frame.
        user_scores: [users, n_frames] numbers, raw.
        shots: [shots, 2] whole numbers, first and last frame of each; needed where the protocol makes a summary.

    Returns:
        One value for each annotator, or a single value against the mean annotator.

    Raises:
        MaesumError: the protocol is unknown or not defined for the kind, shapes do not fit, or shots are missing.
    """
    comparison = comparison_for(name, kind)
    prediction, scores = np.asarray(importance), np.asarray(user_scores)
    if prediction.ndim != 1 or scores.ndim != 2 or scores.shape[1] != prediction.size:
        raise MaesumError(
            f"importance has shape {prediction.shape} and user_scores {scores.shape}, wanted [n] and [users, n]."
        )
    bounds = None if shots is None else np.asarray(shots)
    reference = comparison.reference(comparison.annotators(scores, bounds))
    return rank_correlation(comparison.prediction(prediction, bounds), reference)


def comparison_for(name: str, kind: str) -> Comparison:
    """Return the comparison of a named protocol for a kind of benchmark.

    Raises:
        MaesumError: no such protocol, or it is not defined for the kind.
    """
    if name not in PROTOCOLS:
        raise MaesumError(f"protocol is {name!r}, wanted one of {', '.join(PROTOCOLS)}, or all.")
    comparison = PROTOCOLS[name].comparison(kind)
    if comparison is None:
        raise MaesumError(f"protocol '{name}' is not defined for {kind}; use one of {', '.join(defined_for(kind))}.")
    return comparison


def defined_for(kind: str) -> list[str]:
    """Return the names of all protocols that a kind of benchmark can be evaluated under."""
    return [name for name, protocol in PROTOCOLS.items() if protocol.comparison(kind) is not None]


def _required(shots: np.ndarray | None) -> np.ndarray:
    if shots is None:
        raise MaesumError("the protocol makes a knapsack summary and needs shots, but none were given.")
    return shots

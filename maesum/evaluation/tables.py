"""Compute a table of results from the values of each video: means, intervals, splits and differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maesum.evaluation.measures import AGAINST, SCORES
from maesum.metrics.averages import Undefined, mean, resolve
from maesum.metrics.bootstrap import Difference, Interval, bootstrap_interval, paired_difference


@dataclass(frozen=True)
class Table:
    """A table of predictors (rows) by measures (columns), which keeps the values of every video.

    Attributes:
        name: the protocol, "f1" or "highlights".
        source: the code or paper that defines the computation, and the shots used.
        measures: the names of the columns, e.g. ("tau", "rho").
        video_ids: the videos.
        values: predictor to [measures, draws, videos] float64; "scores" comes first, only random rows have draws.
        undefined: the policy for undefined values.
        n_undefined: for each video, how many values of the scores are undefined.
        splits: the numbers of the videos of each split; empty for none.
        seed: seed of the bootstrap.
    """

    name: str
    source: str
    measures: tuple[str, ...]
    video_ids: tuple[str, ...]
    values: dict[str, np.ndarray]
    undefined: Undefined
    n_undefined: tuple[int, ...]
    splits: tuple[tuple[int, ...], ...]
    seed: int

    def per_video(self, row: str, measure: str) -> np.ndarray:
        """Return a predictor's value for each video, [videos]: the mean over draws if there are several."""
        return self.values[row][self.measures.index(measure)].mean(axis=0)

    def mean(self, row: str, measure: str) -> float:
        """Return the mean over videos."""
        return mean(self.per_video(row, measure), self.undefined)

    def interval(self, row: str, measure: str) -> Interval:
        """Return the bootstrap interval of the mean over videos."""
        return bootstrap_interval(resolve(self.per_video(row, measure), self.undefined), seed=self.seed)

    def spread(self, row: str, measure: str) -> float | None:
        """Return the standard deviation, over draws of a random predictor, of the mean over videos.

        The draws of the videos are independent, so the variance of their mean is the sum of the videos' variances
        divided by the squared number of videos. Ten draws per video estimate it as well as hundreds of means would.
        """
        draws = self.values[row][self.measures.index(measure)]  # [draws, videos]
        if len(draws) < 2:
            return None
        variances = np.var(np.nan_to_num(draws) if self.undefined == "zero" else draws, axis=0, ddof=1)
        if self.undefined == "omit":
            variances = variances[~np.isnan(variances)]
        return float(np.sqrt(variances.sum()) / len(variances)) if len(variances) else float("nan")

    def per_split(self, row: str, measure: str) -> list[float]:
        """Return the mean over the videos of each split."""
        values = self.per_video(row, measure)
        return [mean(values[list(split)], self.undefined) for split in self.splits]

    def difference(self, measure: str) -> Difference | None:
        """Return how much the scores exceed the scores compared with, on the same videos; None if there are none."""
        if AGAINST not in self.values:
            return None
        own, other = self.per_video(SCORES, measure), self.per_video(AGAINST, measure)
        if self.undefined == "zero":
            own, other = resolve(own, "zero"), resolve(other, "zero")
        elif self.undefined == "omit":
            both = ~np.isnan(own) & ~np.isnan(other)
            own, other = own[both], other[both]
        return paired_difference(own, other, seed=self.seed)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for metrics.json; nan where undefined."""
        content: dict[str, Any] = {"source": self.source}
        for measure in self.measures:
            content[measure] = self.mean(SCORES, measure)
            content[f"{measure}_interval"] = list(self.interval(SCORES, measure))
        content["undefined"] = {"policy": self.undefined, "count": sum(self.n_undefined)}
        content["baselines"] = {row: self._row_to_dict(row) for row in self.values if row not in (SCORES, AGAINST)}
        if AGAINST in self.values:
            content[AGAINST] = {measure: self.mean(AGAINST, measure) for measure in self.measures}
            differences = {measure: self.difference(measure) for measure in self.measures}
            content["difference"] = {name: each._asdict() for name, each in differences.items() if each is not None}
        if self.splits:
            content["splits"] = {row: self._splits_to_dict(row) for row in self.values}
        content["videos"] = {
            video_id: {
                **{measure: float(self.per_video(SCORES, measure)[number]) for measure in self.measures},
                "undefined": self.n_undefined[number],
            }
            for number, video_id in enumerate(self.video_ids)
        }
        return content

    def _row_to_dict(self, row: str) -> dict[str, float]:
        content: dict[str, float] = {}
        for measure in self.measures:
            content[measure] = self.mean(row, measure)
            spread = self.spread(row, measure)
            if spread is not None:
                content[f"{measure}_std"] = spread
        return content

    def _splits_to_dict(self, row: str) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for measure in self.measures:
            each = self.per_split(row, measure)
            content[measure] = float(np.mean(each))
            content[f"{measure}_each"] = each
        return content

"""Compare the rows of a table on the same videos: the test videos of the same splits, under the protocol "paper".

A row that was trained by split has one network for each split, which is taken on that split's test videos alone. Any
other row, trained on other data or not at all, has one value a video, whatever the split. A video that several splits
test counts once when videos are drawn for an interval, with the weight that it has in the mean over splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maesum.metrics.bootstrap import Difference, Interval, bootstrap_interval, paired_difference
from maesum.metrics.splits import SHIPPED, load_splits, resolve_splits
from maesum.sweeps.jobs import Job
from maesum.sweeps.records import Record
from maesum.sweeps.results import JobResult
from maesum.sweeps.tables import ComparisonSpec, RowSpec, TableSpec
from maesum.system.files import read_json

#: How a row came to its scores.
OWN_SPLIT = "own split"
ALL_VIDEOS = "all videos (no annotation used)"
_MEASURES = ("tau", "rho")


@dataclass(frozen=True)
class Compared:
    """A row's mean of one metric, and by how much it exceeds the reference's on the same videos.

    Attributes:
        difference: None for the reference itself.
    """

    mean: float
    interval: Interval
    difference: Difference | None


@dataclass(frozen=True)
class ComparedRow:
    """One row of the comparison: its setting, how it came to its scores, and a result for each metric or None."""

    setting: dict[str, Any]
    trained: str
    results: tuple[Compared | None, ...]


@dataclass(frozen=True)
class Comparison:
    """The second grid of a table.

    Attributes:
        reference: the setting of the row that the others are compared with.
        metrics: its columns, e.g. tvsum/tau.
        videos: for each benchmark, which videos are compared, in words.
        rows: those that have results.
    """

    reference: dict[str, Any]
    metrics: tuple[str, ...]
    videos: dict[str, str]
    rows: tuple[ComparedRow, ...]


@dataclass(frozen=True)
class _Scored:
    """What a job reached on each video of a benchmark.

    Attributes:
        by_split: for each split, the values of its test videos by its own network; None without splits.
        whole: the values of all videos by the one network; None with splits.
    """

    by_split: list[Record] | None
    whole: Record | None

    def tested(self) -> list[list[str]]:
        """Return the ids of the test videos of each split."""
        return [record.keys() for record in self.by_split or []]

    def values(self, splits: Sequence[Sequence[str]], measure: str) -> np.ndarray | None:
        """Return [videos], each the mean over the splits that test it; None where it has no values of these splits."""
        if self.by_split is not None:
            if [set(split) for split in self.tested()] != [set(split) for split in splits]:
                return None
            sources = self.by_split
        elif self.whole is not None and all(self.whole.has(video) for split in splits for video in split):
            sources = [self.whole] * len(splits)
        else:
            return None
        sums = dict.fromkeys(_weights(splits), 0.0)
        for source, split in zip(sources, splits, strict=True):
            for video in split:
                value = source.table(video).number(measure)
                sums[video] += (float("nan") if value is None else value) / len(split)
        return np.array(
            [total / weight for total, weight in zip(sums.values(), _weights(splits).values(), strict=True)]
        )


def compare(table: TableSpec, jobs: dict[str, Job]) -> Comparison | None:
    """Return the comparison that a table asks for; None where it asks for none or its reference is not done.

    Raises:
        MaesumError: a file of results is damaged.
    """
    spec = table.comparison
    if spec is None or not jobs[spec.reference].is_done():
        return None
    done = {name: JobResult(job) for name, job in jobs.items() if job.is_done()}
    listed = [row for row in table.rows if row.read == "scores" and any(name in done for name in row.of)]
    metrics = tuple(metric for metric in table.metrics if metric.split("/")[1] in _MEASURES)
    rows: list[list[Compared | None]] = [[] for _ in listed]
    trained: list[dict[str, None]] = [{} for _ in listed]
    videos: dict[str, str] = {}
    for metric in metrics:
        benchmark, measure = metric.split("/")
        name = done[spec.reference].stand_in or benchmark
        reference = _scored(done[spec.reference], name)
        scored = [_first(row, done, name) for row in listed]
        splits = _splits(spec, name, reference, scored, name == benchmark)
        videos[name] = _in_words(splits, spec.splits if name == benchmark else "of its own")
        for number, (row, each) in enumerate(zip(listed, scored, strict=True)):
            base = None if spec.reference in row.of else reference
            rows[number].append(_compared(each, base, splits, measure))
            if each is not None:
                trained[number][ALL_VIDEOS if each.by_split is None else OWN_SPLIT] = None
    compared = (
        ComparedRow(row.setting, " / ".join(how), tuple(results))
        for row, how, results in zip(listed, trained, rows, strict=True)
    )
    setting = next((row.setting for row in listed if spec.reference in row.of), {})
    return Comparison(setting, metrics, videos, tuple(compared))


def _first(row: RowSpec, done: dict[str, JobResult], benchmark: str) -> _Scored | None:
    found = (_scored(done[name], benchmark) for name in row.of if name in done)
    return next((each for each in found if each is not None), None)


def _scored(result: JobResult, benchmark: str) -> _Scored | None:
    evaluation = result.evaluations.get(benchmark)
    if evaluation is None:
        return None
    values = evaluation.table("protocols", "paper")
    by_split, whole = values.optional_list("videos_of_splits"), values.optional_table("videos")
    return None if by_split is None and whole is None else _Scored(by_split, whole)


def _splits(
    spec: ComparisonSpec, benchmark: str, reference: _Scored | None, rows: Sequence[_Scored | None], is_real: bool
) -> list[list[str]]:
    """Return the test videos of each split: one split of all videos where the benchmark has no such splits.

    The demo, which stands in for every benchmark, has splits of its own: those that rows were trained by.
    """
    if reference is None or reference.whole is None:
        return []
    videos = reference.whole.keys()
    if is_real and benchmark in read_json(SHIPPED[spec.splits]):
        return resolve_splits(load_splits(spec.splits, benchmark, len(videos)), videos, spec.splits)
    own = [] if is_real else [row.tested() for row in rows if row is not None and row.by_split is not None]
    return own[0] if own else [videos]


def _weights(splits: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return how much each video counts in the mean over splits of the means over their videos."""
    weights: dict[str, float] = {}
    for split in splits:
        for video in split:
            weights[video] = weights.get(video, 0.0) + 1 / len(split)
    return weights


def _compared(
    row: _Scored | None, reference: _Scored | None, splits: Sequence[Sequence[str]], measure: str
) -> Compared | None:
    values = None if row is None or not splits else row.values(splits, measure)
    if values is None:
        return None
    weights = np.array(list(_weights(splits).values()))
    base = None if reference is None else reference.values(splits, measure)
    return Compared(
        float(np.average(values, weights=weights)),
        bootstrap_interval(values, weights=weights),
        None if base is None else paired_difference(values, base, weights=weights),
    )


def _in_words(splits: Sequence[Sequence[str]], name: str) -> str:
    count = len(_weights(splits))
    if len(splits) > 1:
        return f"the {count} test videos of the {len(splits)} splits {name}"
    return f"all {count} videos, as it has no such splits" if splits else "no results"

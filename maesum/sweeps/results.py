"""Read the figures of a table from metrics.json and evaluation.json in each job's folder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maesum.sweeps.jobs import Job
from maesum.sweeps.records import Record
from maesum.sweeps.tables import Published, RowSpec, TableSpec

#: Measures of the table "f1" of an evaluation; all others are of the protocol "paper".
_F1 = ("f1", "over_random")


@dataclass(frozen=True)
class Cell:
    """One figure beside the published one (see `maesum.sweeps.tables.Published`); None where there is none."""

    value: float | None
    low: float | None
    high: float | None
    published: Published

    @property
    def published_number(self) -> float | None:
        """Return the published figure if it is a number, and not NaN or "-"."""
        if isinstance(self.published, float) and math.isfinite(self.published):
            return self.published
        return None

    @property
    def difference(self) -> float | None:
        """Return our figure minus the published one."""
        published = self.published_number
        return None if self.value is None or published is None else self.value - published


@dataclass(frozen=True)
class Row:
    """One row of a table: its settings, a cell for each metric, and the jobs that are not done."""

    setting: dict[str, Any]
    cells: tuple[Cell, ...]
    missing: tuple[Job, ...]


class JobResult:
    """The results of a finished job.

    Attributes:
        metrics: the main figures by key, e.g. tvsum/tau.
        evaluations: the whole evaluation of each benchmark by its name.
        stand_in: the benchmark that replaces all others at +scale=demo, else None.

    Raises:
        MaesumError: a file is damaged; methods that read a figure raise it too.
    """

    def __init__(self, job: Job) -> None:
        content = Record.read(job.folder / "metrics.json")
        if job.command == "evaluate":
            self.metrics = content.table("metrics")
            self.evaluations = dict(content.table("results").tables())
        else:
            self.metrics = content
            path = job.folder / "evaluation.json"
            self.evaluations = dict(Record.read(path).tables()) if path.exists() else {}
        self.stand_in = "demo" if list(job.config["benchmarks"]) == ["demo"] else None

    def cell(self, metric: str, read: str, published: Published) -> Cell | None:
        """Return the figure of a metric; None where this job has none of it.

        Figures of a benchmark stand in its evaluation. What else a method has measured, such as an accuracy, stands in
        metrics.json alone, under the key that the method gave it.

        Args:
            metric: e.g. tvsum/tau or recognition/top1.
            read: scores, the baselines human and random, or splits for the mean over splits.
        """
        benchmark, measure = metric.split("/")
        value = self.metrics.optional_number(metric)
        if value is not None and read == "scores" and benchmark not in self.evaluations:
            return Cell(value, None, None, published)
        table = self._table(benchmark, measure)
        if table is None:
            return None
        if read in ("human", "random"):
            baselines = table.optional_table("baselines")
            baseline = None if baselines is None else baselines.optional_table(read)
            return None if baseline is None else Cell(baseline.number(measure), None, None, published)
        if read == "splits":
            splits = table.optional_table("splits")
            return None if splits is None else Cell(splits.table("scores").number(measure), None, None, published)
        low, high = table.interval(f"{measure}_interval")
        return Cell(table.number(measure), low, high, published)

    def _table(self, benchmark: str, measure: str) -> Record | None:
        name = self.stand_in or benchmark
        evaluation = self.evaluations.get(name)
        if evaluation is None or (self.stand_in and not self.metrics.has(f"{name}/{measure}")):
            return None  # the stand-in is one for benchmarks alone: it has no accuracy of another test
        return evaluation.optional_table("f1") if measure in _F1 else evaluation.table("protocols", "paper")


def table_rows(table: TableSpec, jobs: dict[str, Job]) -> list[Row]:
    """Return the rows of a table, with empty cells where a job is not done."""
    done = {name: JobResult(job) for name, job in jobs.items() if job.is_done()}
    return [_row(row, jobs, done) for row in table.rows]


def _row(row: RowSpec, jobs: dict[str, Job], done: dict[str, JobResult]) -> Row:
    missing = tuple(jobs[name] for name in row.of if name not in done)
    results = [done[name] for name in row.of if name in done]
    cells = [
        _first_cell(results, metric, row.read, published)
        for metric, published in zip(row.metrics, row.published, strict=True)
    ]
    return Row(row.setting, tuple(cells), missing)


def _first_cell(results: Sequence[JobResult], metric: str, read: str, published: Published) -> Cell:
    for result in results:
        cell = result.cell(metric, read, published)
        if cell is not None:
            return cell
    return Cell(None, None, None, published)


def baselines(table: TableSpec, jobs: dict[str, Job]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Baselines on the videos that the table's runs were scored on: benchmark to predictor to tau and rho."""
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for job in jobs.values():
        if job.is_done():
            for name, evaluation in JobResult(job).evaluations.items():
                rows = evaluation.table("protocols", "paper").optional_table("baselines")
                if rows is not None and name not in found:
                    found[name] = {predictor: _figures(row) for predictor, row in rows.tables()}
    return {name: rows for name, rows in found.items() if rows}


def _figures(row: Record) -> dict[str, float | None]:
    """Return tau and rho of a baseline, and for random baselines their standard deviation over draws."""
    spread = {name: row.optional_number(name) for name in ("tau_std", "rho_std")}
    figures = {"tau": row.number("tau"), "rho": row.number("rho")}
    return figures | (spread if None not in spread.values() else {})

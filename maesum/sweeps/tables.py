"""What conf/sweep/*.yaml says: the jobs of a table, its rows, and the published figures beside which they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from maesum.metrics.splits import SHIPPED
from maesum.system.errors import MaesumError

COMMANDS = ("train", "predict", "evaluate")
READS = ("scores", "human", "random", "splits")
#: What a paper prints where it has no figure.
NOT_REPORTED = "-"
#: A published figure: a number, nan where the paper prints NaN, "-" where it prints that, None where it has no cell.
Published = float | str | None


@dataclass
class JobSpec:
    """One run of a command: exactly one of `train`, `predict` and `evaluate` holds its overrides.

    Attributes:
        of: the job that it builds on: whose weights `train` starts from and `predict` scores with, whose scores
            `evaluate` reads.
        benchmark: what `predict` and `evaluate` look at.
        demo: overrides at +scale=demo only, where the paper's numbers of epochs would take days.
    """

    train: list[str] | None = None
    predict: list[str] | None = None
    evaluate: list[str] | None = None
    of: str | None = None
    benchmark: list[str] = field(default_factory=lambda: ["tvsum"])
    demo: list[str] = field(default_factory=list)

    @property
    def command(self) -> str:
        """Return the name of the command that the job runs."""
        return next(name for name in COMMANDS if getattr(self, name) is not None)


@dataclass
class RowSpec:
    """One row of a table.

    Attributes:
        setting: what stands in the row's first columns.
        of: the jobs whose results it shows; none for a row that the paper took from elsewhere.
        read: what of these results: the scores', a baseline's (human, random), or the mean over splits.
        metrics: what its columns show, where rows differ in that; the table's metrics by default.
        published: the paper's figures in the order of the metrics: .nan where it prints NaN, "-" where it prints that,
            null where it has no such cell.
    """

    setting: dict[str, Any] = field(default_factory=dict)
    of: list[str] = field(default_factory=list)
    read: str = "scores"
    metrics: list[str] = field(default_factory=list)
    published: list[Any] = field(default_factory=list)


@dataclass
class CurveSpec:
    """A figure of one metric against one setting, with a line for each value of another setting."""

    x: str = ""
    metric: str = ""
    by: str | None = None


@dataclass
class ComparisonSpec:
    """A second grid of a table: its rows under one protocol on the same videos, each compared with one of them.

    Attributes:
        reference: the job that the others are compared with.
        splits: the splits on whose test videos all are compared, by their name, e.g. paper5.
    """

    reference: str = ""
    splits: str = "paper5"


@dataclass
class TableSpec:
    """One table of the paper.

    Attributes:
        title: its number and what it varies.
        section: where the paper discusses it.
        needs: the data it takes.
        metrics: the columns that are compared with published figures.
        comparison: whether all rows are also compared on the same videos, and how.
        note: what a reader of the table has to know.
    """

    title: str = ""
    section: str = ""
    needs: str = ""
    metrics: list[str] = field(default_factory=list)
    jobs: dict[str, JobSpec] = field(default_factory=dict)
    rows: list[RowSpec] = field(default_factory=list)
    curve: CurveSpec | None = None
    comparison: ComparisonSpec | None = None
    note: str = ""


def read_tables(sweeps: DictConfig) -> dict[str, TableSpec]:
    """Return the tables of a composed config's `sweeps`.

    Raises:
        MaesumError: none, or one whose fields, types or references are wrong, naming the first at fault.
    """
    if not sweeps:
        raise MaesumError("no table was named; choose one or several, e.g. sweep=table1c or sweep=[table1a,table1b].")
    return {str(name): _read_table(str(name), content) for name, content in sweeps.items()}


def _read_table(name: str, content: Any) -> TableSpec:
    try:
        plain = OmegaConf.to_container(content, resolve=True)
        merged = OmegaConf.merge(OmegaConf.structured(TableSpec), plain)
        table: TableSpec = OmegaConf.to_object(merged)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise MaesumError(f"sweep {name}: {str(error).splitlines()[0]}") from None
    for job_name, job in table.jobs.items():
        if sum(getattr(job, command) is not None for command in COMMANDS) != 1:
            raise MaesumError(f"sweep {name}: job '{job_name}' has not exactly one of {', '.join(COMMANDS)}.")
        if job.of is not None and job.of not in list(table.jobs)[: list(table.jobs).index(job_name)]:
            raise MaesumError(f"sweep {name}: job '{job_name}' is of '{job.of}', wanted a job listed before it.")
    for number, row in enumerate(table.rows):
        where = f"sweep {name}: row {number + 1}"
        unknown = [job for job in row.of if job not in table.jobs]
        if unknown:
            raise MaesumError(f"{where} is of '{unknown[0]}', wanted one of {', '.join(table.jobs)}.")
        if row.read not in READS:
            raise MaesumError(f"{where} reads '{row.read}', wanted one of {', '.join(READS)}.")
        row.metrics = row.metrics or list(table.metrics)
        if not len(row.published) == len(row.metrics) == len(table.metrics):
            raise MaesumError(
                f"{where} has {len(row.metrics)} metrics and {len(row.published)} published figures for the table's "
                f"{len(table.metrics)} metrics."
            )
        row.published = [_published(value, where) for value in row.published]
    _check_comparison(f"sweep {name}: comparison", table)
    return table


def _published(value: Any, where: str) -> Published:
    if value is None or value == NOT_REPORTED:
        return value
    try:
        number = math.inf if isinstance(value, bool) else float(value)  # YAML 1.1 reads -.026 as text
    except (TypeError, ValueError):
        number = math.inf
    if math.isinf(number):
        raise MaesumError(f'{where} has {value!r} as published, wanted a number, .nan, "-" or null.')
    return number


def _check_comparison(where: str, table: TableSpec) -> None:
    if table.comparison is None:
        return
    for field_name, known in (("reference", table.jobs), ("splits", SHIPPED)):
        value = getattr(table.comparison, field_name)
        if value not in known:
            raise MaesumError(f"{where}.{field_name} is '{value}', wanted one of {', '.join(known)}.")

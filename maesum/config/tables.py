"""Keys of `python -m maesum.sweep` and `report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from maesum.config.ranges import number
from maesum.config.training import TrainConfig


@dataclass
class TablesConfig(TrainConfig):
    """The tables, and where their runs lie."""

    sweeps: dict[str, Any] = field(default_factory=dict)  # the tables that sweep= chose, as conf/sweep describes them
    runs: str = "runs/jobs"  # one folder a job, named by its config and data
    demo: list[str] = field(default_factory=list)  # what +scale=demo adds to every training job


@dataclass
class SweepConfig(TablesConfig):
    """How the jobs are run."""

    parallel: int = number(1, at_least=1)  # jobs at a time
    plan: bool = False  # print what would run, what it needs and costs, and run nothing


@dataclass
class ReportConfig(TablesConfig):
    """What is written."""

    out: str = "runs/reports"  # folder of the report

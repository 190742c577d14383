"""Define the keys of `python -m maesum.sweep` and `report`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maesum.config.fields import setting
from maesum.config.training import TrainConfig


@dataclass
class TablesConfig(TrainConfig):
    """The tables of the paper, and where the runs that fill them lie."""

    sweeps: dict[str, Any] = setting({}, "the tables that sweep= names, as conf/sweep describes them")
    runs: str = setting(
        "runs/jobs", "folder with one subfolder per job, named by the job's config and data", is_text=True
    )
    demo: list[str] = setting([], "overrides that +scale=demo adds to every training job")


@dataclass
class SweepConfig(TablesConfig):
    """How the jobs are run."""

    parallel: int = setting(1, "number of jobs that run at the same time", at_least=1)
    plan: bool = setting(False, "only print which jobs would run, and what they need and cost")


@dataclass
class ReportConfig(TablesConfig):
    """What is written."""

    out: str = setting("runs/reports", "folder to write the report to", is_text=True)

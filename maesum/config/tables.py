"""Keys of `python -m maesum.sweep` and `report`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maesum.config.fields import setting
from maesum.config.training import TrainConfig


@dataclass
class TablesConfig(TrainConfig):
    """The tables, and where their runs lie."""

    sweeps: dict[str, Any] = setting({}, "the tables that sweep= chose, as conf/sweep describes them")
    runs: str = setting("runs/jobs", "one folder a job, named by its config and data", is_text=True)
    demo: list[str] = setting([], "what +scale=demo adds to every training job")


@dataclass
class SweepConfig(TablesConfig):
    """How the jobs are run."""

    parallel: int = setting(1, "jobs at a time", at_least=1)
    plan: bool = setting(False, "print what would run, what it needs and costs, and run nothing")


@dataclass
class ReportConfig(TablesConfig):
    """What is written."""

    out: str = setting("runs/reports", "folder of the report", is_text=True)

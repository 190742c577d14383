"""Keys of `python -m maesum.sweep` and `report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from maesum.config.training import TrainConfig


@dataclass
class SweepConfig(TrainConfig):
    """The tables, and how their jobs are run."""

    sweeps: dict[str, Any] = field(default_factory=dict)  # the tables that sweep= chose, as conf/sweep describes them
    parallel: int = 1  # jobs at a time
    plan: bool = False  # print what would run, what it needs and costs, and run nothing
    runs: str = "runs/jobs"  # one folder a job, named by its config hash
    out: str = "runs/reports"  # folder of the report
    demo: list[str] = field(default_factory=list)  # what +scale=demo adds to every training job

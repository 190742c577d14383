"""Keys of `python -m maesum.sweep` and `report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from maesum.config.training import TrainConfig


@dataclass
class SweepConfig(TrainConfig):
    """`python -m maesum.sweep` and `python -m maesum.report`: a training config, and tables that vary it."""

    sweeps: dict[str, Any] = field(default_factory=dict)  # conf/sweep; see maesum.sweeps.tables
    parallel: int = 1  # jobs at a time
    plan: bool = False  # print what would run, what it needs and costs, and run nothing
    runs: str = "runs/jobs"  # one folder a job, named by its config hash
    out: str = "runs/reports"  # of the report
    demo: list[str] = field(default_factory=list)  # overrides of every job at +scale=demo

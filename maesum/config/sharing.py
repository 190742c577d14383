"""Keys of `python -m maesum.export` and `dashboard`."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING


@dataclass
class ExportConfig:
    """What is exported, and where to."""

    ckpt: str = MISSING  # a checkpoint of python -m maesum.train
    out: str = MISSING  # the folder to write; it must not exist yet


@dataclass
class DashboardConfig:
    """Whose dashboard, and of what."""

    entity: str = MISSING  # a W&B user or team
    project: str = "maesum"  # the W&B project of the runs
    name: str = "maesum"  # of the dashboard
    benchmarks: list[str] = field(default_factory=lambda: ["tvsum", "summe", "finegym"])  # that get panels

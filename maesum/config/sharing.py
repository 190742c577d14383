"""Keys of `python -m maesum.export` and `dashboard`."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING


@dataclass
class ExportConfig:
    """`python -m maesum.export`: a checkpoint as safetensors, config.json and a model card."""

    ckpt: str = MISSING  # a checkpoint of python -m maesum.train
    out: str = MISSING  # the folder to write; it must not exist


@dataclass
class DashboardConfig:
    """`python -m maesum.dashboard`: the W&B dashboard; see maesum.reporting.dashboard."""

    entity: str = MISSING  # a W&B user or team
    project: str = "maesum"
    name: str = "maesum"  # of the dashboard
    benchmarks: list[str] = field(default_factory=lambda: ["tvsum", "summe", "finegym"])

"""Define the keys of `python -m maesum.export` and `dashboard`."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from maesum.config.fields import setting


@dataclass
class ExportConfig:
    """What is exported, and where to."""

    ckpt: str = setting(MISSING, "checkpoint to export, from python -m maesum.train", is_text=True)
    out: str = setting(MISSING, "folder to write; it must not exist yet", is_text=True)


@dataclass
class DashboardConfig:
    """Where the dashboard is made, and what it shows."""

    entity: str = setting(MISSING, "W&B user or team that the project belongs to", is_text=True)
    project: str = setting("maesum", "W&B project whose runs are shown", is_text=True)
    name: str = setting("maesum", "name of the dashboard", is_text=True)
    benchmarks: list[str] = setting(["tvsum", "summe", "finegym"], "benchmarks to show panels for")

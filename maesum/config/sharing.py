"""Keys of `python -m maesum.export` and `dashboard`."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from maesum.config.fields import setting


@dataclass
class ExportConfig:
    """What is exported, and where to."""

    ckpt: str = setting(MISSING, "a checkpoint of python -m maesum.train", is_text=True)
    out: str = setting(MISSING, "the folder to write; it must not exist yet", is_text=True)


@dataclass
class DashboardConfig:
    """Whose dashboard, and of what."""

    entity: str = setting(MISSING, "a W&B user or team", is_text=True)
    project: str = setting("maesum", "the W&B project of the runs", is_text=True)
    name: str = setting("maesum", "of the dashboard", is_text=True)
    benchmarks: list[str] = setting(["tvsum", "summe", "finegym"], "that get panels")

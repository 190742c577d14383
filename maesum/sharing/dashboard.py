"""Define the W&B dashboard as code: which panels plot which of the keys that a run logs.

The panels are plain data here, so that a test can compare their keys with those of an offline run; `workspace` turns
them into what wandb-workspaces (the extra `dashboard`) sends to W&B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maesum.runs.provenance import SAMPLES
from maesum.system.errors import MaesumError

if TYPE_CHECKING:
    from wandb_workspaces.workspaces import Workspace


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        section: the part of the dashboard that it belongs to.
        title: its heading.
        kind: line (metrics against `x`), bars (metrics grouped by the config key `x`), scatter (one metric against the
            config key `x`), table, or images.
        keys: the logged keys that it shows.
        x: what is plotted against: a logged key for lines, a config key for bars and scatter.
    """

    section: str
    title: str
    kind: str
    keys: tuple[str, ...]
    x: str = ""


def panels(benchmarks: Sequence[str]) -> list[Panel]:
    """Return the panels for runs that are scored on these benchmarks."""
    errors = ("loss", "error_visible_mean", "error_interpolation")
    found = [
        Panel("training", "masked error", "line", tuple(f"train/{name}" for name in errors), SAMPLES),
        Panel("training", "masked error, held-out videos", "line", tuple(f"val/{name}" for name in errors), SAMPLES),
        Panel("training", "learning rate", "line", ("train/lr",), SAMPLES),
        Panel("training", "clips per second", "line", ("train/clips_per_second",), SAMPLES),
    ]
    for name in benchmarks:
        found += [
            Panel("benchmarks", f"{name} while training", "line", _both(f"monitor/{name}"), SAMPLES),
            Panel("benchmarks", f"{name} at the end", "bars", _both(name), "name"),
            Panel("benchmarks", f"{name}, each video", "table", (f"videos/{name}",)),
            Panel("benchmarks", f"{name}, predictions below the human mean", "images", (f"figures/{name}",)),
            Panel("ablations", f"{name} by train stride", "bars", _both(name), "stride"),
            Panel("ablations", f"{name} by mask ratio", "scatter", (f"{name}/tau",), "mask_ratio"),
            Panel("ablations", f"{name} by epochs", "scatter", (f"{name}/tau",), "epochs"),
        ]
    return found


def workspace(entity: str, project: str, name: str, benchmarks: Sequence[str]) -> Workspace:
    """Return the dashboard as an object of wandb-workspaces, whose `.save()` sends it to W&B.

    Raises:
        MaesumError: wandb-workspaces is not installed.
    """
    try:
        import wandb_workspaces.workspaces as workspaces
    except ImportError:
        raise MaesumError(
            "the dashboard needs wandb-workspaces; install it with: pip install 'maesum[dashboard]'."
        ) from None
    sections: dict[str, list[Any]] = {}
    for panel in panels(benchmarks):
        sections.setdefault(panel.section, []).append(_drawn(panel))
    return workspaces.Workspace(
        entity=entity,
        project=project,
        name=name,
        sections=[workspaces.Section(name=title, panels=drawn, is_open=True) for title, drawn in sections.items()],
    )


def _both(prefix: str) -> tuple[str, str]:
    return f"{prefix}/tau", f"{prefix}/rho"


def _drawn(panel: Panel) -> Any:
    import wandb_workspaces.reports.v2 as reports

    if panel.kind == "line":
        return reports.LinePlot(title=panel.title, x=panel.x, y=list(panel.keys))
    if panel.kind == "bars":
        return reports.BarPlot(title=panel.title, metrics=list(panel.keys), groupby=reports.Config(panel.x))
    if panel.kind == "scatter":
        x, y = reports.Config(panel.x), reports.SummaryMetric(panel.keys[0])
        return reports.ScatterPlot(title=panel.title, x=x, y=y)
    if panel.kind == "table":
        return reports.WeavePanelSummaryTable(table_name=panel.keys[0])
    return reports.MediaBrowser(title=panel.title, media_keys=list(panel.keys))

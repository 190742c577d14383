"""Draw a table as a curve: our results with their intervals, and the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maesum.evaluation.figures import drawing
from maesum.sweeps.results import Cell, Row
from maesum.sweeps.tables import CurveSpec, TableSpec
from maesum.system.printing import printable


def table_curve(path: str | Path, table: TableSpec, curve: CurveSpec, rows: Sequence[Row]) -> None:
    """Draw a PNG: the metric against a setting, one line for each value of `curve.by`."""
    with drawing(path, 6.4, 4) as figure:
        axes = figure.subplots()
        for number, (name, points) in enumerate(_lines(table, curve, rows).items()):
            colour = f"C{number}"
            own = [(x, cell.value, cell) for x, cell in points if cell.value is not None]
            paper = [(x, cell.published_number) for x, cell in points if cell.published_number is not None]
            if own:
                axes.errorbar(
                    [x for x, _, _ in own],
                    [value for _, value, _ in own],
                    yerr=_errors([cell for _, _, cell in own]),
                    color=colour,
                    marker="o",
                    capsize=3,
                    label=f"{name} ours".strip(),
                )
            if paper:
                axes.plot(*zip(*paper, strict=True), color=colour, ls="--", marker="x", label=f"{name} paper".strip())
        axes.set_xlabel(curve.x)
        axes.set_ylabel(curve.metric)
        axes.set_title(printable(table.title), loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)


def _lines(table: TableSpec, curve: CurveSpec, rows: Sequence[Row]) -> dict[str, list[tuple[float, Cell]]]:
    column = table.metrics.index(curve.metric)
    lines: dict[str, list[tuple[float, Cell]]] = {}
    for row in rows:
        if curve.x in row.setting:
            name = f"{curve.by} {row.setting.get(curve.by, '')}" if curve.by else ""
            lines.setdefault(name, []).append((_as_number(row.setting[curve.x]), row.cells[column]))
    return lines


def _errors(cells: Sequence[Cell]) -> Any:
    if any(cell.value is None or cell.low is None or cell.high is None for cell in cells):
        return None
    return [[cell.value - cell.low for cell in cells], [cell.high - cell.value for cell in cells]]  # type: ignore[operator]


def _as_number(value: Any) -> float:
    return float(str(value).replace(",", ""))

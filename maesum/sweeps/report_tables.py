"""Write a table as Markdown and CSV: settings, then per metric the figure, interval, published figure, difference."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from maesum.sweeps.comparison import ALL_VIDEOS, OWN_SPLIT, Comparison
from maesum.sweeps.grids import Grid
from maesum.sweeps.results import Cell, Row
from maesum.sweeps.tables import Published, TableSpec

_PARTS = ("", "95 %", "paper", "difference")


def markdown(
    table: TableSpec,
    rows: Sequence[Row],
    baselines: Mapping[str, Mapping[str, Mapping[str, float | None]]],
    sweep_command: str,
    synthetic: bool,
    comparison: Comparison | None = None,
    width: int | None = None,
) -> str:
    """Return the whole report of a table.

    Args:
        sweep_command: the command that runs all jobs of the table.
        synthetic: whether the runs were at demo scale.
        comparison: the table's rows on the same videos.
        width: of the terminal that it is for, in characters; None for files, whose grids are never folded.
    """
    parts = [f"# {table.title}", f"Section {table.section} of the paper. Made by `{sweep_command}`."]
    if synthetic:
        parts.append("**Synthetic data and a tiny model: these figures say that everything runs, nothing more.**")
    parts.append(_grid(table, rows).text(width))
    lines = [_baseline_line(name, each) for name, each in baselines.items()]
    if lines:
        parts.append("Baselines on the same videos (tau / rho):\n\n" + "\n".join(lines))
    if table.note:
        parts.append(table.note.strip())
    if comparison is not None:
        parts += _comparison(comparison, width)
    parts += _missing(rows)
    return "\n\n".join(parts) + "\n"


def csv_text(table: TableSpec, rows: Sequence[Row]) -> str:
    """Return the same figures for other programs: full precision, an empty field where there is none."""
    settings = _setting_names(rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fields = ("value", "low", "high", "published", "difference")
    writer.writerow([*settings, *(f"{metric} {name}" for metric in table.metrics for name in fields)])
    for row in rows:
        values = [getattr(cell, name) for cell in row.cells for name in fields]
        writer.writerow([*(row.setting.get(name, "") for name in settings), *values])
    return out.getvalue()


def comparison_csv(comparison: Comparison) -> str:
    """Return the comparison for other programs: full precision, an empty field where there is no figure."""
    settings = _names_of(row.setting for row in comparison.rows)
    fields = ("value", "low", "high", "difference", "difference low", "difference high")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*settings, "trained", *(f"{metric} {name}" for metric in comparison.metrics for name in fields)])
    for row in comparison.rows:
        values: list[float | None] = []
        for each in row.results:
            own = [None] * 3 if each is None else [each.mean, *each.interval]
            values += own + ([None] * 3 if each is None or each.difference is None else list(each.difference))
        writer.writerow([*(row.setting.get(name, "") for name in settings), row.trained, *values])
    return out.getvalue()


def _grid(table: TableSpec, rows: Sequence[Row]) -> Grid:
    settings = _setting_names(rows)
    body = [
        [str(row.setting.get(name, "")) for name in settings] + [text for cell in row.cells for text in _texts(cell)]
        for row in rows
    ]
    return Grid(settings, {metric: [part or metric for part in _PARTS] for metric in table.metrics}, body)


def _comparison(comparison: Comparison, width: int | None) -> list[str]:
    """Return the heading, the explanation and the grid of a comparison."""
    settings = _names_of(row.setting for row in comparison.rows)
    name = " ".join(str(value) for value in comparison.reference.values())
    where = "; ".join(f"{benchmark}: {videos}" for benchmark, videos in comparison.videos.items())
    explanation = (
        "Every row that has runs here, with the same features, the same evaluation (protocol paper) and the same "
        f"videos ({where}). The figure is the mean over splits, its interval is over videos, and the difference is "
        f'paired: row minus "{name}" on the same videos. "{OWN_SPLIT}": one network for each split, scored on the '
        f'videos that it was not trained on. "{ALL_VIDEOS}": one scorer, which learnt from no annotation, for every '
        "split."
    )
    groups = {metric: [metric, "95 %", f"minus {name}", "95 %"] for metric in comparison.metrics}
    body = []
    for row in comparison.rows:
        texts = [str(row.setting.get(each, "")) for each in settings] + [row.trained]
        for result in row.results:
            if result is None:
                texts += [""] * 4
                continue
            difference = result.difference
            texts += [figure(result.mean), _interval(*result.interval)]
            texts += ["", ""] if difference is None else [f"{difference.mean:+.3f}", _interval(*difference[1:])]
        body.append(texts)
    grid = Grid([*settings, "trained"], groups, body)
    return ["## All rows under one protocol, on the same videos", explanation, grid.text(width)]


def _texts(cell: Cell) -> list[str]:
    interval = "" if cell.low is None or cell.high is None else _interval(cell.low, cell.high)
    difference = "" if cell.difference is None else f"{cell.difference:+.3f}"
    return [figure(cell.value), interval, figure(cell.published), difference]


def _interval(low: float, high: float) -> str:
    return f"{low:.3f} to {high:.3f}"


def figure(value: Published) -> str:
    """Return a figure as reports print it: three digits, NaN, "-", or nothing where there is none."""
    if value is None or isinstance(value, str):
        return value or ""
    return "NaN" if math.isnan(value) else f"{value:.3f}"


def _setting_names(rows: Sequence[Row]) -> list[str]:
    return _names_of(row.setting for row in rows)


def _names_of(settings: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for setting in settings for name in setting))


def _baseline_line(benchmark: str, rows: Mapping[str, Mapping[str, float | None]]) -> str:
    texts = []
    for name, values in rows.items():
        spread = (
            f" (one draw ± {figure(values['tau_std'])} / {figure(values['rho_std'])})" if "tau_std" in values else ""
        )
        texts.append(f"{name} {figure(values['tau'])} / {figure(values['rho'])}{spread}")
    return f"- {benchmark}: " + ", ".join(texts)


def _missing(rows: Sequence[Row]) -> list[str]:
    """Return the commands that fill empty cells, each after those that it needs."""
    wanted: dict[str, str] = {}
    for row in rows:
        for job in row.missing:
            for each in (*job.needs, job):
                if not each.is_done():
                    wanted[each.hash] = each.command_line()
    if not wanted:
        return []
    return ["Runs that are missing:", "\n".join(["```", *wanted.values(), "```"])]

"""Write a table as Markdown and CSV: settings, then per metric the figure, interval, published figure, difference."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from maesum.sweeps.results import Cell, Row
from maesum.sweeps.tables import TableSpec

_PARTS = ("", "95 %", "paper", "difference")


def markdown(
    table: TableSpec,
    rows: Sequence[Row],
    baselines: Mapping[str, Mapping[str, Mapping[str, float | None]]],
    sweep_command: str,
    synthetic: bool,
) -> str:
    """Return the whole report of a table.

    Args:
        sweep_command: the command that runs all jobs of the table.
        synthetic: whether the runs were at demo scale.
    """
    parts = [f"# {table.title}", f"Section {table.section} of the paper. Made by `{sweep_command}`."]
    if synthetic:
        parts.append("**Synthetic data and a tiny model: these figures say that everything runs, nothing more.**")
    parts.append(_grid(table, rows))
    lines = [_baseline_line(name, each) for name, each in baselines.items()]
    if lines:
        parts.append("Baselines on the same videos (tau / rho):\n\n" + "\n".join(lines))
    if table.note:
        parts.append(table.note)
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


def _grid(table: TableSpec, rows: Sequence[Row]) -> str:
    settings = _setting_names(rows)
    header = settings + [part or metric for metric in table.metrics for part in _PARTS]
    body = [
        [str(row.setting.get(name, "")) for name in settings] + [text for cell in row.cells for text in _texts(cell)]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in [header, *body]) for column in range(len(header))]
    ruler = ["-" * width if column < len(settings) else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |"
        for line in [header, ruler, *body]
    )


def _texts(cell: Cell) -> list[str]:
    interval = "" if cell.low is None or cell.high is None else f"{cell.low:.3f} to {cell.high:.3f}"
    difference = "" if cell.difference is None else f"{cell.difference:+.3f}"
    return [_number(cell.value), interval, _number(cell.published), difference]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _setting_names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.setting))


def _baseline_line(benchmark: str, rows: Mapping[str, Mapping[str, float | None]]) -> str:
    texts = []
    for name, values in rows.items():
        spread = (
            f" (one draw ± {_number(values['tau_std'])} / {_number(values['rho_std'])})" if "tau_std" in values else ""
        )
        texts.append(f"{name} {_number(values['tau'])} / {_number(values['rho'])}{spread}")
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

"""Print results as tables on standard output."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.markup import escape as without_markup
from rich.table import Table as RichTable

from maesum.evaluation.evaluator import Evaluation
from maesum.evaluation.measures import AGAINST, SCORES
from maesum.evaluation.tables import Table
from maesum.system.printing import printable

#: Width in characters if the output is not a terminal, so that log files keep whole rows.
_WIDTH = 110


def print_evaluation(evaluation: Evaluation, videos: bool = True, console: Console | None = None) -> None:
    """Print all tables of an evaluation.

    Args:
        videos: whether to print also the figures of each video under the first protocol.
        console: where to print; standard output by default.
    """
    console = console or Console(file=sys.stdout)  # given explicitly, so that rich uses its encoding
    if not console.is_terminal:
        console = Console(file=console.file, width=_WIDTH)
    protocols = [table for table in evaluation.tables if table.measures == ("tau", "rho")]
    others = [table for table in evaluation.tables if table.measures != ("tau", "rho")]
    title = "" if evaluation.title == evaluation.benchmark else f"({escape(evaluation.title)}) "
    console.print(f"[bold]{escape(evaluation.benchmark)}[/] {title}{escape(evaluation.scores)}", highlight=False)
    if len(protocols) > 1:
        console.print(_side_by_side(protocols))
    for table in protocols[:1] + others:
        console.print(f"[bold]{escape(table.name)}[/]: {escape(table.source)}", highlight=False)
        console.print(_predictors(table, evaluation))
        if table.splits:
            console.print(_splits(table, evaluation.splits))
    if videos:
        console.print(_videos(protocols[0]))


def _predictors(table: Table, evaluation: Evaluation) -> RichTable:
    """Return a table with one row per predictor: the scores, the scores compared with, and the baselines."""
    rich = _new_table()
    rich.add_column("")
    for measure in table.measures:
        rich.add_column(measure, justify="right")
        rich.add_column("95 %", justify="left")
    for row in table.values:
        cells = [f"against {escape(evaluation.against)}" if row == AGAINST else row]
        for measure in table.measures:
            spread = table.spread(row, measure)
            interval = _interval(*table.interval(row, measure)) if row in (SCORES, AGAINST) else ""
            cells += [_number(table.mean(row, measure)), interval if spread is None else f"± {spread:.4f} per draw"]
        rich.add_row(*cells, style="bold" if row == SCORES else None)
    differences = [table.difference(measure) for measure in table.measures]
    cells = ["scores - against"]
    for difference in differences:
        if difference is not None:
            cells += [f"{difference.mean:+.4f}", _interval(difference.low, difference.high)]
    if len(cells) > 1:
        rich.add_row(*cells, style="bold")
    if sum(table.n_undefined):
        rich.caption = f"{sum(table.n_undefined)} undefined values of the scores (constant?), policy: {table.undefined}"
    return rich


def _side_by_side(tables: list[Table]) -> RichTable:
    """Return a table with one row per protocol, for the same scores."""
    rich = _new_table("the same scores under every protocol")
    for heading in ("protocol", "tau", "rho", "human tau", "human rho", "undefined", "computed so by"):
        rich.add_column(heading, justify="left" if heading in ("protocol", "computed so by") else "right")
    for table in tables:
        human = [_number(table.mean("human", name)) if "human" in table.values else "-" for name in table.measures]
        own = [_number(table.mean(SCORES, name)) for name in table.measures]
        rich.add_row(table.name, *own, *human, str(sum(table.n_undefined)), escape(table.source))
    return rich


def _splits(table: Table, source: str) -> RichTable:
    """Return a table with one row per split, then their mean, as Table A4 of the paper averages them."""
    rich = _new_table(escape(f"{table.name}: splits={source}"))
    rich.add_column("split")
    rich.add_column("videos", justify="right")
    columns = [(row, measure) for row in (SCORES, "human") if row in table.values for measure in table.measures]
    for row, measure in columns:
        rich.add_column(measure if row == SCORES else f"{row} {measure}", justify="right")
    each = [table.per_split(row, measure) for row, measure in columns]
    for number, split in enumerate(table.splits):
        rich.add_row(str(number + 1), str(len(split)), *(_number(values[number]) for values in each))
    rich.add_row("mean", "", *(_number(sum(values) / len(values)) for values in each), style="bold")
    return rich


def _videos(table: Table) -> RichTable:
    """Return a table with one row per video."""
    rich = _new_table(escape(f"{table.name}: each video"))
    rich.add_column("video")
    rows = [row for row in (SCORES, AGAINST, "human") if row in table.values]
    columns = [(row, measure) for row in rows for measure in table.measures]
    for row, measure in columns:
        rich.add_column(measure if row == SCORES else f"{row} {measure}", justify="right")
    rich.add_column("undefined", justify="right")
    each = [table.per_video(row, measure) for row, measure in columns]
    for number, video_id in enumerate(table.video_ids):
        rich.add_row(escape(video_id), *(_number(values[number]) for values in each), str(table.n_undefined[number]))
    return rich


def _new_table(title: str | None = None) -> RichTable:
    return RichTable(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, highlight=False)


def escape(text: object) -> str:
    """Return a text without rich markup and control characters, for names that come from files."""
    return without_markup(printable(text))


def _number(value: float) -> str:
    return f"{value:.4f}"


def _interval(low: float, high: float) -> str:
    return f"{low:.4f} to {high:.4f}"

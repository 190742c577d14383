"""Run the report command: print the tables named and write them to files."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from omegaconf import DictConfig

from maesum.config.overrides import as_typed
from maesum.runs.provenance import write_text
from maesum.sweeps.command import jobs_of_tables, meant_for_jobs
from maesum.sweeps.comparison import compare
from maesum.sweeps.curves import table_curve
from maesum.sweeps.report_tables import comparison_csv, csv_text, markdown
from maesum.sweeps.results import Row, baselines, table_rows
from maesum.sweeps.tables import read_tables
from maesum.system.printing import say


def run(config: DictConfig, given: list[str]) -> dict[str, list[Row]]:
    """Write each table to <out>/<name>.md, .csv and, for tables with a curve, .png, and print it.

    A comparison of its rows on the same videos stands in the .md, too, and in <out>/<name>_comparison.csv. On a
    terminal, grids that are wider than it are printed in several blocks; the files hold them whole. Reports of runs at
    demo scale go to <out>/demo.

    Args:
        given: the overrides on the command line.

    Returns:
        The rows of each table.
    """
    tables = read_tables(config.sweeps)
    jobs = jobs_of_tables(config, tables, given)
    given = meant_for_jobs(given)
    synthetic = "+scale=demo" in given
    folder = Path(config.out) / "demo" if synthetic else Path(config.out)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    reported: dict[str, list[Row]] = {}
    for name, table in tables.items():
        rows = reported[name] = table_rows(table, jobs[name])
        command = as_typed(["python", "-m", "maesum.sweep", f"sweep={name}", *given])
        comparison = compare(table, jobs[name])
        parts = table, rows, baselines(table, jobs[name]), command, synthetic, comparison
        write_text(folder / f"{name}.md", markdown(*parts))
        write_text(folder / f"{name}.csv", csv_text(table, rows))
        if comparison is not None:
            write_text(folder / f"{name}_comparison.csv", comparison_csv(comparison))
        if table.curve is not None:
            table_curve(folder / f"{name}.png", table, table.curve, rows)
        say(markdown(*parts, width=width))
        say(f"written: {folder / name}.md")
    return reported

"""Print docs/methods.md: every method, what it follows, its size, its cost, and what is published of it.

    python -m docs.methods               without runs
    python -m docs.methods runs/jobs     with the results of the table's runs in that folder

Nothing on the page is typed by hand: methods say themselves what they follow, sizes are counted, steps come from the
configs of the jobs of conf/sweep/table3.yaml, published figures from its rows, results and seconds from its runs.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.config.checking import checked
from maesum.config.training import TrainConfig
from maesum.methods.registry import Method, Setup, method
from maesum.runs.method_settings import PARTS_READ, method_names
from maesum.sweeps.cost import VIDEOS
from maesum.sweeps.jobs import Job, JobMaker
from maesum.sweeps.records import Record
from maesum.sweeps.report_tables import figure
from maesum.sweeps.results import Cell, Row, table_rows
from maesum.sweeps.tables import TableSpec, read_tables

#: Width of the features of the public eccv16 files and of the paper's default.
WIDTH = 1024
_BENCHMARK = "tvsum"
_OPENING = f"""# Methods

Written by `make docs` from the methods themselves, conf/sweep/table3.yaml and, where there are some, its runs; not to
be edited. `python -m maesum.train method=NAME` trains one, `python -m maesum.sweep sweep=table3` all of them.

- **Parameters**: what is trained for one split, parts that only training needs included, at features of
  width {WIDTH:,}.
- **Training**: for results on TVSum. A step takes one video, or a batch of clips. Of a method that is trained on the
  benchmark itself, each of the splits has a network of its own, which skips the videos that its split tests.
- **Published**: tau / rho as in Table 3 of the paper, by other features, splits and evaluations: "-" is not reported,
  NaN came out undefined."""


def page(runs: str | Path | None = None) -> str:
    """Return the whole page.

    Args:
        runs: the folder of the runs of sweeps, as `runs=` of `maesum.sweep`; None = no results.
    """
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"), tempfile.TemporaryDirectory() as empty:
        table = read_tables(compose("sweep", ["sweep=table3"]).sweeps)["table3"]
        jobs = JobMaker(empty if runs is None else runs, [], []).jobs_of("table3", table)
        lines, named = _rows(table, jobs)
        left = [name for name in method_names() if name not in named and _scores_videos(method(name))]
        lines += [_line([name, name, *_about(compose_config([f"method={name}"])), "", ""]) for name in left]
    header = ["Method", "`method=`", "Learns from", "Parameters", "Training", "Published", "Here"]
    grid = [_line(header), _line(["---"] * 3 + ["---:"] + ["---"] * 3), *lines]
    references = [f"- `{name}`: {method(name).reference}" for name in [*named, *left]]
    return "\n\n".join([_OPENING, "\n".join(grid), "## References", "\n".join(references)]) + "\n"


def _rows(table: TableSpec, jobs: dict[str, Job]) -> tuple[list[str], list[str]]:
    """Return a line for every row of the table that is trained, and the methods of these rows."""
    lines, named = [], []
    for spec, row in zip(table.rows, table_rows(table, jobs), strict=True):
        trained = [jobs[name] for name in spec.of if jobs[name].command == "train" and spec.read == "scores"]
        job = next((each for each in trained if _BENCHMARK in each.config["benchmarks"]), None)
        if job is None:
            continue
        config = compose_config(job.overrides)
        about = _about(config)
        if job.is_done():
            seconds = Record.read(job.folder / "provenance.json").optional_number("seconds")
            about[-1] += f"; here {seconds:,.0f} s" if seconds is not None else ""
        name = config.method["name"]
        named.append(name)
        figures = [_figures(row, table.metrics, is_published=published) for published in (True, False)]
        lines.append(_line([" ".join(map(str, spec.setting.values())), name, *about, *figures]))
    return lines, list(dict.fromkeys(named))


def compose_config(overrides: Sequence[str]) -> TrainConfig:
    """Return the checked config of a training."""
    config = compose("train", [*overrides, f"benchmark=[{_BENCHMARK}]"])
    config.logger = {}  # names the run's folder, and there is no run
    return checked(config, TrainConfig)


def _scores_videos(found: Method) -> bool:
    return found.reads in ("clips", "videos", "nothing") and "benchmarks" in PARTS_READ[found.reads]


def _about(config: TrainConfig) -> list[str]:
    """Return what a method learns from, its number of parameters, and what its training takes."""
    found = method(config.method["name"])
    learns = {"clips": "other videos", "videos": "the benchmark's videos", "nothing": "nothing"}[found.reads]
    if found.is_supervised:
        learns += " and annotations"
    return [learns, _parameters(found, config), _training(found, config)]


def _parameters(found: Method, config: TrainConfig) -> str:
    if found.network is None:
        return "0"
    with torch.device("meta"):
        network = found.network(WIDTH, Setup(config, found.read_settings(config.method)))
    return f"{sum(each.numel() for each in network.parameters() if each.requires_grad):,}"


def _training(found: Method, config: TrainConfig) -> str:
    if found.reads == "nothing":
        return "none"
    if found.reads == "videos":
        videos = VIDEOS[_BENCHMARK]
        return f"{config.epochs:,} epochs x {videos} videos = {config.epochs * videos:,} steps"
    clips = VIDEOS[config.data.name] * config.data.clips_per_video
    steps = -(-clips // config.batch_size)
    return f"{config.epochs:,} epochs x {clips:,} clips / {config.batch_size} = {config.epochs * steps:,} steps"


def _figures(row: Row, metrics: Sequence[str], is_published: bool) -> str:
    """Return tau / rho of each benchmark, without those that have neither."""
    by_benchmark: dict[str, list[str]] = {}
    for metric, cell in zip(metrics, row.cells, strict=True):
        by_benchmark.setdefault(metric.split("/")[0], []).append(_text(cell, is_published))
    return ", ".join(f"{name} {' / '.join(texts)}" for name, texts in by_benchmark.items() if any(texts))


def _text(cell: Cell, is_published: bool) -> str:
    return figure(cell.published if is_published else cell.value)


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"


if __name__ == "__main__":
    sys.stdout.write(page(*sys.argv[1:2]))

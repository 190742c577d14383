"""What a benchmark leaves: rows in JSON with machine, versions and commit, and the tables made from them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maesum.runs.provenance import git_state, provenance, write_json, write_text

RESULTS = Path(__file__).parent / "results"
TABLE = RESULTS / "README.md"
README = Path(__file__).resolve().parents[1] / "README.md"
#: What the tables' fourth column is.
RATIO = "Ratio: how many times better than what stands beside it, so above 1 is better, whatever the unit."
#: Written by benchmarks, so no change of the code that they measure.
_WRITTEN = ("README.md", "benchmarks/results")
_BEGIN, _END = "<!-- performance: written by make bench -->", "<!-- end of performance -->"


@dataclass
class Row:
    """One measurement.

    Attributes:
        what: what is measured.
        unit: "s", "min", "MB" or "error" (less is better), or a rate such as "clips/s" (more is better).
        ours: this project, or None where it was not measured.
        usual: the usual way, measured in the same run.
        usual_way: what the usual way is.
        device: what it ran on.
        detail: whether it stands in the whole table only, not in the README's.
    """

    what: str
    unit: str
    ours: float | None
    usual: float | None
    usual_way: str
    device: str = "cpu"
    detail: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better than the usual way."""
        if not self.ours or not self.usual:
            return None
        return self.usual / self.ours if self.unit in ("s", "min", "error", "MB") else self.ours / self.usual


def seconds(task: Callable[[], Any], repeats: int = 3) -> float:
    """The best of several times: what the code takes when nothing else runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def record(name: str, rows: list[Row]) -> None:
    """Write benchmarks/results/<name>.json and print the rows."""
    content = [{**asdict(row), "ratio": row.ratio} for row in rows]
    origin = provenance({"benchmark": name}) | {"git": git_state(besides=_WRITTEN)}
    write_json(RESULTS / f"{name}.json", {"rows": content, "provenance": origin})
    for row in rows:
        beside = row.usual_way if row.usual is None else f"{row.usual_way}: {_number(row.usual)}; {_times(row.ratio)}"
        print(f"{row.what}: {_number(row.ours)} {row.unit}; {beside}")


def write_tables() -> None:
    """Write the README's performance table, and the whole one, from every result file."""
    short, whole = tables()
    before, rest = README.read_text(encoding="utf-8").split(_BEGIN)
    _, after = rest.split(_END)
    write_text(README, f"{before}{_BEGIN}\n{short}\n{_END}{after}")
    write_text(TABLE, whole)


def tables() -> tuple[str, str]:
    """The README's performance table, and the page with every row, as the result files give them."""
    rows = [
        (Row(**{key: value for key, value in entry.items() if key != "ratio"}), content["provenance"]["machine"])
        for content in (json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json")))
        for entry in content["rows"]
    ]
    short = _table([(row, machine) for row, machine in rows if not row.detail])
    return short, f"# Every row of `make bench`\n\n{RATIO}\n\n{_table(rows)}\n"


def _table(rows: list[tuple[Row, dict[str, Any]]]) -> str:
    lines = ["| what | this project | the usual way | ratio | on |", "| --- | ---: | --- | ---: | --- |"]
    for row, machine in rows:
        usual = f"{_number(row.usual)} {row.unit} ({row.usual_way})" if row.usual is not None else row.usual_way
        ours = f"{_number(row.ours)} {row.unit}" if row.ours is not None else "not measured"
        on = f"{machine['cores']} cores" if row.device == "cpu" else row.device
        lines.append(f"| {row.what} | {ours} | {usual} | {_times(row.ratio)} | {on} |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.3g}x"

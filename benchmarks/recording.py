"""What a benchmark leaves: rows in JSON with machine, versions and commit, and the README's table made from them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maesum.runtime import provenance, write_json

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).resolve().parents[1] / "README.md"
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
    """

    what: str
    unit: str
    ours: float | None
    usual: float | None
    usual_way: str
    device: str = "cpu"

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
    write_json(RESULTS / f"{name}.json", {"rows": content, "provenance": provenance({"benchmark": name})})
    for row in rows:
        beside = row.usual_way if row.usual is None else f"{row.usual_way}: {_number(row.usual)}; {_times(row.ratio)}"
        print(f"{row.what}: {_number(row.ours)} {row.unit}; {beside}")


def write_table() -> None:
    """Write the README's performance table from every result file."""
    lines = ["| what | this project | the usual way | ratio | on |", "| --- | ---: | --- | ---: | --- |"]
    for path in sorted(RESULTS.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        machine = content["provenance"]["machine"]
        for entry in content["rows"]:
            ratio = entry.pop("ratio")
            row = Row(**entry)
            usual = f"{_number(row.usual)} {row.unit} ({row.usual_way})" if row.usual is not None else row.usual_way
            ours = f"{_number(row.ours)} {row.unit}" if row.ours is not None else "not measured"
            on = f"{machine['cores']} cores" if row.device == "cpu" else row.device
            lines.append(f"| {row.what} | {ours} | {usual} | {_times(ratio)} | {on} |")
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    README.write_text(f"{before}{_BEGIN}\n{chr(10).join(lines)}\n{_END}{after}", encoding="utf-8")


def _number(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.3g}x"

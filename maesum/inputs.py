"""Before anything heavy starts: are the files that a config names there?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from maesum.errors import MaesumError


class Input(NamedTuple):
    """One file, pattern or list of them that a config names, and the command that makes it."""

    key: str
    paths: Any
    made_by: str


def check_inputs(config: dict[str, Any]) -> None:
    """Make the demo data if the config names it, and check that every other input exists.

    Raises:
        MaesumError: naming what is missing, the command that makes each, and the demo.
    """
    inputs = list(_inputs(config))
    demo = Path(config["demo_dir"]).resolve()
    if any(demo in Path(path).resolve().parents for item in inputs for path in _listed(item.paths)):
        from maesum.data.demo import ensure_demo

        ensure_demo(demo)
    missing = [item for item in inputs if not all(_exists(path) for path in _listed(item.paths))]
    if missing:
        lines = [f"{item.key}={item.paths} is missing{_how(item)}" for item in missing]
        lines.append(
            "To see everything run on synthetic data: python -m maesum.train +experiment=rand_stride +scale=demo"
        )
        if any(item.key.startswith("benchmarks.") for item in missing):
            lines.append("To leave benchmarks out, name those at hand: benchmark=[tvsum]")
        raise MaesumError("\n  ".join(lines))


def _inputs(config: dict[str, Any]) -> Iterator[Input]:
    data = config.get("data")
    if data:
        yield Input("data.features", data["features"], data["made_by"])
        if data["held_out"]:
            yield Input("data.held_out", data["held_out"], data["made_by"])
    for name, benchmark in config["benchmarks"].items():
        for field in ("annotations", "features"):
            yield Input(f"benchmarks.{name}.{field}", benchmark[field], benchmark[f"{field}_made_by"])


def _listed(paths: Any) -> list[str]:
    return [str(path) for path in (paths if isinstance(paths, (list, tuple)) else [paths])]


def _exists(path: str) -> bool:
    folder, name = Path(path).parent, Path(path).name
    return Path(path).exists() or any(folder.glob(name))


def _how(item: Input) -> str:
    return f"; make it with: {item.made_by}" if item.made_by else ""

"""Before anything heavy starts: are the files that a config names there?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from maesum.runs.method_settings import check_method, parts_read
from maesum.system.errors import MaesumError
from maesum.system.patterns import is_there

#: What runs without any files, for somebody who has none yet.
_DEMO_TRAINING = "python -m maesum.train +experiment=rand_stride +scale=demo"
_DEMO_PREDICTION = "python -m maesum.predict scorer=context_mean benchmark=demo"


class Input(NamedTuple):
    """One file, pattern or list of them that a config names, and the command that makes it."""

    key: str
    paths: Any
    made_by: str


def check_training(config: dict[str, Any]) -> None:
    """Refuse a training job that cannot run, before torch is even loaded; makes the demo data if it is named.

    Args:
        config: a resolved `maesum.config.training.TrainConfig`.

    Raises:
        MaesumError: betas out of range, an unknown method, a file that is not there.
    """
    betas = config["optim"]["betas"]
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise MaesumError(f"optim.betas is {betas}, wanted two numbers from 0 to below 1.")
    check_method(config["method"])
    if config["init"] is not None and not Path(config["init"]).is_file():
        raise MaesumError(
            f"init={config['init']}: no such checkpoint file; name one that python -m maesum.train left, as in "
            "init=RUN/checkpoints/last.ckpt."
        )
    check_inputs({key: config[key] for key in (*parts_read(config), "demo_dir")})


def check_prediction(config: dict[str, Any]) -> None:
    """The same for a prediction.

    Args:
        config: a resolved `maesum.config.scoring.PredictConfig`.

    Raises:
        MaesumError: nothing to score, or a file that is not there.
    """
    if not config["benchmarks"]:
        raise MaesumError("benchmark=[] names nothing to score; name at least one, e.g. benchmark=tvsum.")
    check_inputs({key: config[key] for key in ("benchmarks", "demo_dir")})


def check_inputs(config: dict[str, Any]) -> None:
    """Make the demo data if the config names it, and check that every other input exists.

    Args:
        config: `demo_dir`, and the parts that name files: data, labelled, benchmarks, as many as are used.

    Raises:
        MaesumError: naming what is missing, the command that makes each, and the demo.
    """
    inputs = list(_inputs(config))
    demo = Path(config["demo_dir"]).resolve()
    if any(demo in Path(path).resolve().parents for item in inputs for path in _listed(item.paths)):
        from maesum.data.demo import ensure_demo

        ensure_demo(demo)
    unnamed = next((item for item in inputs if item.paths is None), None)
    if unnamed is not None:
        raise MaesumError(f"{unnamed.key}= is required{_how(unnamed)}; give it on the command line.")
    missing = [item for item in inputs if not all(is_there(path) for path in _listed(item.paths))]
    if missing:
        lines = [f"{item.key}={item.paths} is missing{_how(item)}" for item in missing]
        lines.append(f"To see it run on synthetic data: {_DEMO_TRAINING if 'data' in config else _DEMO_PREDICTION}")
        at_hand = [name for name in config.get("benchmarks", {}) if not any(_is_of(item, name) for item in missing)]
        if at_hand and any(item.key.startswith("benchmarks.") for item in missing):
            lines.append(f"To leave the others out, name the benchmarks at hand: benchmark=[{','.join(at_hand)}]")
        raise MaesumError("\n  ".join(lines))


def _inputs(config: dict[str, Any]) -> Iterator[Input]:
    for part in ("data", "labelled"):
        used = config.get(part)
        if used:
            yield Input(f"{part}.features", used["features"], used["made_by"])
            if used["held_out"] or part == "labelled":  # which is nothing without a set to be tested on
                yield Input(f"{part}.held_out", used["held_out"], used["made_by"])
    for name, benchmark in config.get("benchmarks", {}).items():
        for field in ("annotations", "features"):
            yield Input(f"benchmarks.{name}.{field}", benchmark[field], benchmark[f"{field}_made_by"])


def _is_of(item: Input, benchmark: str) -> bool:
    return item.key.startswith(f"benchmarks.{benchmark}.")


def _listed(paths: Any) -> list[str]:
    return [str(path) for path in (paths if isinstance(paths, (list, tuple)) else [paths])]


def _how(item: Input) -> str:
    return f"; make it with: {item.made_by}" if item.made_by else ""

"""Check that the files which a config names exist, before any heavy work starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from maesum.config.scoring import BenchmarkConfig, PredictConfig
from maesum.config.training import TrainConfig
from maesum.runs.method_settings import PARTS_READ, check_method
from maesum.system.errors import MaesumError
from maesum.system.patterns import is_there

#: Commands that run without any files, for users who have none yet.
_DEMO_TRAINING = "python -m maesum.train +experiment=rand_stride +scale=demo"
_DEMO_PREDICTION = "python -m maesum.predict scorer=context_mean benchmark=demo"


class Input(NamedTuple):
    """A file, pattern or list that a config names, with the command that makes it and the benchmark it belongs to."""

    key: str
    paths: Any
    made_by: str
    benchmark: str | None = None


def check_training(config: TrainConfig) -> None:
    """Refuse a training job that cannot run, before torch is even loaded; makes the demo data if the config names it.

    Raises:
        MaesumError: the method is unknown, or a file is missing.
    """
    check_method(config.method)
    if config.init is not None and not Path(config.init).is_file():
        raise MaesumError(
            f"init={config.init}: no such checkpoint file; name one that python -m maesum.train left, as in "
            "init=RUN/checkpoints/last.ckpt."
        )
    check_inputs(list(_training_inputs(config)), config.demo_dir, _DEMO_TRAINING)


def check_prediction(config: PredictConfig) -> None:
    """Refuse a prediction that cannot run, as `check_training` does with a training.

    Raises:
        MaesumError: a file is missing.
    """
    check_inputs(list(_benchmark_inputs(config.benchmarks)), config.demo_dir, _DEMO_PREDICTION)


def check_inputs(inputs: Sequence[Input], demo_dir: str, synthetic: str) -> None:
    """Make the demo data if an input is in `demo_dir`, and check that every other input exists.

    Args:
        synthetic: a command on the demo data, which the error names.

    Raises:
        MaesumError: naming each missing file, the command that makes it, and the command on the demo data.
    """
    demo = Path(demo_dir).resolve()
    if any(demo in Path(path).resolve().parents for item in inputs for path in _listed(item.paths)):
        from maesum.data.demo import ensure_demo

        ensure_demo(demo)
    unnamed = next((item for item in inputs if item.paths is None), None)
    if unnamed is not None:
        raise MaesumError(f"{unnamed.key}= is required{_how(unnamed)}; give it on the command line.")
    missing = [item for item in inputs if not all(is_there(path) for path in _listed(item.paths))]
    if missing:
        lines = [f"{item.key}={item.paths} is missing{_how(item)}" for item in missing]
        lines.append(f"To see it run on synthetic data: {synthetic}")
        without = {item.benchmark for item in missing}
        at_hand = [name for name in dict.fromkeys(item.benchmark for item in inputs) if name and name not in without]
        if at_hand and any(without):
            lines.append(f"To leave the others out, name the benchmarks at hand: benchmark=[{','.join(at_hand)}]")
        raise MaesumError("\n  ".join(lines))


def _training_inputs(config: TrainConfig) -> Iterator[Input]:
    parts = PARTS_READ[config.method["reads"]]
    if "data" in parts:
        yield Input("data.features", config.data.features, config.data.made_by)
        if config.data.held_out:
            yield Input("data.held_out", config.data.held_out, config.data.made_by)
    if "labelled" in parts:
        labelled = config.labelled
        yield Input("labelled.features", labelled.features, labelled.made_by)
        yield Input("labelled.held_out", labelled.held_out, labelled.made_by)
    if "benchmarks" in parts:
        yield from _benchmark_inputs(config.benchmarks)


def _benchmark_inputs(benchmarks: Mapping[str, BenchmarkConfig]) -> Iterator[Input]:
    for name, files in benchmarks.items():
        yield Input(f"benchmarks.{name}.annotations", files.annotations, files.annotations_made_by, name)
        yield Input(f"benchmarks.{name}.features", files.features, files.features_made_by, name)


def _listed(paths: Any) -> list[str]:
    return [str(path) for path in (paths if isinstance(paths, (list, tuple)) else [paths])]


def _how(item: Input) -> str:
    return f"; make it with: {item.made_by}" if item.made_by else ""

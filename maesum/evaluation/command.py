"""Run the evaluate command: open the files, evaluate, print the tables and write metrics.json."""

from __future__ import annotations

import glob
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from maesum.config.evaluation import EvaluateConfig
from maesum.config.scoring import BenchmarkConfig
from maesum.data.benchmark import Benchmark
from maesum.data.scores import Scores
from maesum.evaluation.display import print_evaluation
from maesum.evaluation.evaluator import evaluate
from maesum.metrics.splits import load_splits
from maesum.runs.fingerprint import fingerprints
from maesum.runs.identity import identity
from maesum.runs.provenance import provenance, write_json
from maesum.system.errors import MaesumError
from maesum.system.files import check_file_writable, read_json
from maesum.system.patterns import fitting, is_pattern, is_there
from maesum.system.printing import say


class Inputs(NamedTuple):
    """The opened files with which one benchmark is evaluated.

    Attributes:
        name: name of the benchmark; None to take the name in its file.
        against: scores to compare with, or None.
        features: features to compute shots from; None if there are none or none are needed.
    """

    name: str | None
    benchmark: Benchmark
    scores: Scores
    against: Scores | None
    features: Any


def run(settings: EvaluateConfig, names_benchmark: bool = True) -> dict[str, float]:
    """Evaluate the scores on every benchmark named, write metrics.json and print the tables.

    Args:
        names_benchmark: whether the user named the benchmarks, so that they are not just the default.

    Returns:
        The main figures, e.g. {"tvsum/tau": ..., "tvsum/rho": ...}.

    Raises:
        MaesumError: a file or setting is missing or wrong; a missing file is reported before anything is computed.
    """
    out = Path(settings.out)
    check_file_writable(out)
    _refuse_others_results(out)
    inputs = inputs_of(settings, names_benchmark)
    plain = asdict(settings)
    record = provenance() | identity("evaluate", plain, fingerprints(plain))
    evaluations = [
        evaluate(each.scores, each.benchmark, settings, each.against, each.features, name=each.name) for each in inputs
    ]
    metrics: dict[str, float] = {}
    for evaluation in evaluations:
        metrics |= evaluation.metrics()
    results = {evaluation.benchmark: evaluation.to_dict() for evaluation in evaluations}
    write_json(out, {"metrics": metrics, "results": results, "provenance": record})
    for evaluation in evaluations:
        print_evaluation(evaluation, videos=settings.videos)
    say(f"written: {out}")
    return metrics


def inputs_of(settings: EvaluateConfig, names_benchmark: bool = True) -> list[Inputs]:
    """Open the files with which each benchmark is evaluated; the demo's files are made if they do not exist yet.

    Raises:
        MaesumError: a file is missing, or one scores file is given for several benchmarks.
    """
    if settings.annotations is not None:
        if names_benchmark:
            _refuse_both(settings)
        benchmarks = {"": BenchmarkConfig(annotations=settings.annotations, features=None)}
    else:
        benchmarks = settings.benchmarks
    found = []
    for name, benchmark in benchmarks.items():
        opened = Benchmark(_existing(benchmark, name, settings.demo_dir))
        scores = Scores(_scores_file("scores", settings.scores, name, len(benchmarks)))
        against = None
        if settings.against is not None:
            against = Scores(_scores_file("against", settings.against, name, len(benchmarks)))
        features = _features(settings.features, benchmark.features, settings.shots)
        load_splits(settings.splits, opened.name)  # checks the splits file before any work
        found.append(Inputs(name or None, opened, scores, against, features))
    return found


def _refuse_others_results(out: Path) -> None:
    """Refuse to overwrite a file that holds no evaluation, such as the metrics.json of a training."""
    if not out.exists():
        return
    content = read_json(out)
    if not (isinstance(content, dict) and {"metrics", "results", "provenance"} <= content.keys()):
        raise MaesumError(f"out={out} exists and holds no evaluation; name another file by out=.")


def _refuse_both(settings: EvaluateConfig) -> None:
    """Refuse annotations= beside a benchmark= that was given, too; the default of benchmark= just gives way."""
    if settings.benchmarks:
        raise MaesumError(
            f"annotations={settings.annotations} and benchmark=[{','.join(settings.benchmarks)}] both name what to "
            "evaluate on; give one of them."
        )


def _existing(benchmark: BenchmarkConfig, name: str, demo_dir: str) -> str:
    """Return the path of the benchmark's file, which must exist; make the demo's file if it does not exist yet."""
    path = Path(benchmark.annotations)
    if Path(demo_dir).resolve() in path.resolve().parents:
        from maesum.data.demo import ensure_demo

        ensure_demo(Path(demo_dir).resolve())
    if not path.exists():
        key = f"benchmarks.{name}.annotations" if name else "annotations"
        made_by = benchmark.annotations_made_by
        raise MaesumError(f"{key}={path} is missing{f'; make it with: {made_by}' if made_by else ''}.")
    return str(path)


def _scores_file(key: str, path: str, name: str, n_benchmarks: int) -> str:
    """Return the scores file of one benchmark: the path itself, or <benchmark>.h5 in the folder or in its scores/.

    Args:
        key: the key that gave the path, for error messages.
    """
    if Path(path).is_dir() and name:
        own = Path(path) / f"{name}.h5"
        of_run = Path(path) / "scores" / own.name
        path = str(of_run if of_run.parent.is_dir() and not own.exists() else own)
        _refuse_splits(key, Path(path))
    elif n_benchmarks > 1:
        raise MaesumError(
            f"{path}: is one file for {n_benchmarks} benchmarks, wanted a folder with <benchmark>.h5 for each; name "
            "one benchmark, or the folder."
        )
    elif is_pattern(path):
        found = len(fitting(path))
        raise MaesumError(
            f"{key}={path}: is a pattern ({found} files), wanted one file with the scores of every video; put those "
            "of several splits together in one JSON, or evaluate one file at a time."
        )
    return path


def _refuse_splits(key: str, path: Path) -> None:
    """Refuse the folder of a run by splits, which holds several scores files for a benchmark, and name these."""
    of_splits = sorted(path.parent.glob(f"{glob.escape(path.stem)}_split_*.h5"))
    if of_splits and not path.exists():
        raise MaesumError(
            f"{key}: the run holds {len(of_splits)} scores files of {path.stem}, one for the network of each split "
            f"({of_splits[0]}, ...), and its evaluation.json has their mean; name one of these files by {key}=."
        )


def _features(given: Any, usual: Any, shots: str) -> Any:
    """Return the features given, which must exist, or else the benchmark's if they exist or shots=kts needs them."""
    if given is None:
        return usual if shots == "kts" or _exists(usual) else None
    if not _exists(given):
        raise MaesumError(f"features={given} is missing; name a features file, a pattern or a list of them.")
    return given


def _exists(features: Any) -> bool:
    paths = features if isinstance(features, list) else [features]
    return features is not None and all(is_there(path) for path in paths)

"""The evaluate command: from its config to printed tables and metrics.json."""

from __future__ import annotations

import glob
from dataclasses import fields
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from maesum.data.benchmark import Benchmark
from maesum.data.scores import Scores
from maesum.evaluation.display import print_evaluation
from maesum.evaluation.evaluator import Evaluation, evaluate
from maesum.evaluation.settings import EvaluationSettings
from maesum.runs.fingerprint import fingerprints
from maesum.runs.identity import identity, resolved
from maesum.runs.provenance import provenance, write_json
from maesum.system.errors import MaesumError
from maesum.system.files import check_file_writable, read_json
from maesum.system.printing import say


def run(config: DictConfig) -> dict[str, float]:
    """Evaluate the scores on every benchmark named, write metrics.json and print the tables.

    Returns:
        The main figures, e.g. {"tvsum/tau": ..., "tvsum/rho": ...}.

    Raises:
        MaesumError: a missing or unfit file or setting.
    """
    values = resolved(config)
    settings = EvaluationSettings(**{field.name: values[field.name] for field in fields(EvaluationSettings)})
    if values["annotations"] is not None:
        _refuse_both(values)
        benchmarks = {"": {"annotations": values["annotations"], "annotations_made_by": "", "features": None}}
    else:
        benchmarks = values["benchmarks"]
    if not benchmarks:
        raise MaesumError("benchmark=[] names nothing to evaluate on; name at least one, e.g. benchmark=tvsum.")
    check_file_writable(values["out"])
    _refuse_others_results(Path(values["out"]))
    evaluations: list[Evaluation] = []
    results: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    for name, benchmark in benchmarks.items():
        annotations = _existing(benchmark, name, values["demo_dir"])
        evaluation = evaluate(
            Scores(_scores_file(values["scores"], name, len(benchmarks))),
            Benchmark(annotations),
            settings,
            None if values["against"] is None else Scores(_scores_file(values["against"], name, len(benchmarks))),
            _features(values["features"], benchmark["features"], settings.shots),
            name=name or None,
        )
        evaluations.append(evaluation)
        results[evaluation.benchmark] = evaluation.to_dict()
        metrics |= evaluation.metrics()
    origin = provenance() | identity("evaluate", values, fingerprints(values))
    write_json(values["out"], {"metrics": metrics, "results": results, "provenance": origin})
    for evaluation in evaluations:
        print_evaluation(evaluation, videos=values["videos"])
    say(f"written: {values['out']}")
    return metrics


def _refuse_others_results(out: Path) -> None:
    """Refuse to write over a file that is no evaluation's, such as the metrics.json of a training."""
    if not out.exists():
        return
    content = read_json(out)
    if not (isinstance(content, dict) and {"metrics", "results", "provenance"} <= content.keys()):
        raise MaesumError(f"out={out} is there and holds no evaluation; name another file by out=.")


def _refuse_both(values: dict[str, Any]) -> None:
    """Refuse annotations= beside a benchmark= that was given, too; the default of benchmark= just gives way."""
    given = {override.split("=", 1)[0] for override in HydraConfig.get().overrides.task}
    if "benchmark" in given and values["benchmarks"]:
        raise MaesumError(
            f"annotations={values['annotations']} and benchmark=[{','.join(values['benchmarks'])}] both name what to "
            "evaluate on; give one of them."
        )


def _existing(benchmark: dict[str, Any], name: str, demo_dir: str) -> str:
    """The benchmark's file; the demo's is made where it is not there yet."""
    path = Path(benchmark["annotations"])
    if Path(demo_dir).resolve() in path.resolve().parents:
        from maesum.data.demo import ensure_demo

        ensure_demo(Path(demo_dir).resolve())
    if not path.exists():
        key = f"benchmarks.{name}.annotations" if name else "annotations"
        made_by = benchmark["annotations_made_by"]
        raise MaesumError(f"{key}={path} is missing{f'; make it with: {made_by}' if made_by else ''}.")
    return str(path)


def _scores_file(path: str, name: str, n_benchmarks: int) -> str:
    """The scores of one benchmark: the file itself, or <benchmark>.h5 of a folder, or of scores/ in a run's folder."""
    if Path(path).is_dir() and name:
        own = Path(path) / f"{name}.h5"
        of_run = Path(path) / "scores" / own.name
        return str(of_run if of_run.parent.is_dir() and not own.exists() else own)
    if n_benchmarks > 1:
        raise MaesumError(
            f"{path}: is one file for {n_benchmarks} benchmarks, wanted a folder with <benchmark>.h5 for each; name "
            "one benchmark, or the folder."
        )
    if glob.has_magic(path) and not Path(path).exists():
        found = len(glob.glob(path))
        raise MaesumError(
            f"scores={path}: is a pattern ({found} files), wanted one file with the scores of every video; put those "
            "of several splits together in one JSON, or evaluate one file at a time."
        )
    return path


def _features(given: Any, usual: Any, shots: str) -> Any:
    """The features that were named, which must be there, or the benchmark's usual ones where they are or must be."""
    if given is None:
        return usual if shots == "kts" or _exists(usual) else None
    if not _exists(given):
        raise MaesumError(f"features={given} is missing; name a features file, a pattern or a list of them.")
    return given


def _exists(features: Any) -> bool:
    paths = features if isinstance(features, list) else [features]
    return features is not None and all(Path(path).exists() or glob.glob(path) for path in paths)

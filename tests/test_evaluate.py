"""The evaluate command: what it writes, names and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maesum.data.benchmark import Benchmark
from maesum.data.scores import Scores
from maesum.evaluation import evaluate
from tests.commands import maesum_here, user_error


def test_evaluating_starts_without_torch() -> None:
    code = "import sys, maesum.evaluate, maesum.evaluation.command; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def run_command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "maesum.evaluate", f"hydra.run.dir={cwd}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_the_command_writes_metrics_json(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    benchmark, scores, other = make_benchmark(), make_scores(), make_scores("other", quality=0.1)
    arguments = [f"scores={scores.path}", f"annotations={benchmark.path}", f"against={other.path}", "out=m.json"]
    done = run_command(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "scores - against" in done.stdout
    content = json.loads((tmp_path / "m.json").read_text())
    assert content["metrics"]["tiny/tau"] == pytest.approx(evaluate(scores, benchmark).metrics()["tiny/tau"])
    assert content["results"]["tiny"]["protocols"]["paper"]["difference"]["tau"]["low"] > 0
    assert content["provenance"]["maesum"]


def test_the_command_explains_mistakes_in_one_line(make_scores: Callable[..., Scores], tmp_path: Path) -> None:
    done = run_command(f"scores={make_scores().path}", f"data_dir={tmp_path}", cwd=tmp_path)
    assert done.returncode == 2
    assert "tvsum/annotations.h5 is missing; make it with: python -m maesum.prepare" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_benchmark_is_named_in_one_way(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    files = [f"scores={make_scores().path}", f"annotations={make_benchmark().path}"]
    for group, listed in (("benchmark=tvsum", "tvsum"), ("benchmark=[tvsum,summe]", "tvsum,summe")):
        message = user_error(maesum_here("evaluate", *files, group, folder=tmp_path))
        assert f"tiny_ratings_False.h5 and benchmark=[{listed}] both name what to evaluate on; give one" in message
    assert maesum_here("evaluate", *files, "benchmark=[]", "out=m.json", folder=tmp_path).returncode == 0
    assert list(json.loads((tmp_path / "m.json").read_text())["results"]) == ["tiny"]


def test_features_that_are_named_but_missing_are_refused(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    files = [f"scores={make_scores().path}", f"annotations={make_benchmark().path}"]
    message = user_error(maesum_here("evaluate", *files, "features=absent*.h5", "f1=true", folder=tmp_path))
    assert "features=absent*.h5 is missing" in message


def test_results_are_named_as_the_command_names_benchmarks(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    """Two entries may hold annotations of one inner name, and neither takes the other's place; scores lie in a run."""
    run = tmp_path / "run"
    (run / "scores").mkdir(parents=True)
    make_scores("run/scores/custom", quality=0.1)
    make_scores("run/scores/tvsum", quality=1.0)
    files = [f"benchmarks.{name}.annotations={make_benchmark().path}" for name in ("custom", "tvsum")]
    files += ["benchmarks.custom.features=unused.h5", "out=m.json"]
    done = maesum_here("evaluate", f"scores={run}", "benchmark=[custom,tvsum]", *files, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"custom (tiny) {run / 'scores' / 'custom.h5'}" in done.stdout
    content = json.loads((tmp_path / "m.json").read_text())
    assert list(content["results"]) == ["custom", "tvsum"]
    assert content["results"]["tvsum"]["title"] == "tiny"
    assert content["metrics"]["custom/tau"] < content["metrics"]["tvsum/tau"]
    of_folder = [f"scores={run / 'scores'}", "benchmark=[custom,tvsum]", *files]
    assert maesum_here("evaluate", *of_folder, folder=tmp_path).returncode == 0
    assert json.loads((tmp_path / "m.json").read_text())["metrics"] == content["metrics"]


def test_an_out_that_cannot_be_written_is_refused_before_anything_is_computed(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    scores = make_scores().path
    files = [f"scores={scores}", f"annotations={make_benchmark().path}"]
    before = sorted(tmp_path.iterdir())
    for out, wanted in (
        (tmp_path, f"out={tmp_path} is a folder, wanted a file"),
        (scores / "m.json", f"out={scores}/m.json cannot be written (Not a directory); choose another out=."),
        ("/proc/x/m.json", "out=/proc/x/m.json cannot be written"),
    ):
        done = maesum_here("evaluate", *files, f"out={out}", "hydra.run.dir=run", folder=tmp_path)
        assert wanted in user_error(done)
        assert done.stdout == ""
    assert sorted(tmp_path.iterdir()) == before

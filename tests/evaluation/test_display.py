"""What is printed of an evaluation."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console

from maesum.data.benchmark import Benchmark
from maesum.data.scores import Scores
from maesum.evaluation import EvaluationSettings, evaluate, print_evaluation
from tests.evaluation.tiny import LENGTHS


def test_tables_name_protocol_baselines_and_undefined_values(
    make_benchmark: Callable[..., Benchmark], make_scores: Callable[..., Scores], tmp_path: Path
) -> None:
    splits = tmp_path / "splits.json"
    splits.write_text(json.dumps([{"test_keys": list(LENGTHS)}]))
    scores = make_scores(change={"video_3": np.zeros(450)})
    settings = EvaluationSettings(protocol="all", f1=True, undefined="zero", splits=str(splits))
    text = io.StringIO()
    evaluation = evaluate(scores, make_benchmark(), settings, against=make_scores("other"))
    print_evaluation(evaluation, console=Console(file=text, width=200))
    printed = text.getvalue()
    for wanted in ("gtscore", "smooth random", "human against mean", "oracle", "scores - against", "over_random"):
        assert wanted in printed
    assert "4 undefined values" in printed
    assert "video_10" in printed
    assert f"{evaluation.metrics()['tiny/tau']:.4f}" in printed

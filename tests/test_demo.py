"""`make demo`, whole: what a newcomer runs first has to show that the method learns."""

from __future__ import annotations

import json

import pytest

from tests.commands import maesum


@pytest.mark.slow
def test_the_demo_beats_chance_and_both_trivial_reconstructions(tmp_path):
    done = maesum(
        "train", "+experiment=rand_stride", "+scale=demo", "hydra.run.dir=run", folder=tmp_path, cache=tmp_path
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["val/loss"] < metrics["val/error_interpolation"]
    assert metrics["val/loss"] < metrics["val/error_visible_mean"]
    table = json.loads((tmp_path / "run" / "evaluation.json").read_text())["demo"]["protocols"]["paper"]
    assert table["tau_interval"][0] > abs(table["baselines"]["random"]["tau"])

"""The same answer again from what a run left behind; tests/test_train.py repeats one in another process and folder."""

from __future__ import annotations

import json

import pytest

from tests.commands import maesum_here
from tests.reliability import killing

pytestmark = pytest.mark.slow


def test_what_a_run_left_is_enough_to_run_it_again(small_run, cache, tmp_path):
    """`--config-path RUN/.hydra --config-name config`: every setting, without the overrides that it was made from."""
    (tmp_path / "copied").symlink_to(small_run)  # read by a relative path, as people type it
    done = maesum_here(
        "train", "--config-path", "copied/.hydra", "--config-name", "config", "hydra.run.dir=again",
        folder=tmp_path, cache=cache,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert killing.same_bits(killing.weights(small_run), killing.weights(tmp_path / "again"))
    first, second = (json.loads((run / "provenance.json").read_text()) for run in (small_run, tmp_path / "again"))
    for field in ("config_hash", "seed", "git", "packages", "maesum", "python"):
        assert first[field] == second[field]
    metrics = [json.loads((run / "metrics.json").read_text()) for run in (small_run, tmp_path / "again")]
    for name in ("train/loss", "val/loss", "demo/tau", "demo/rho"):
        assert metrics[0][name] == metrics[1][name]

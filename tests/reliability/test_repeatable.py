"""The same answer again from what a run left behind; tests/test_train.py repeats one in another process and folder."""

from __future__ import annotations

import json
import re

import pytest

from tests.commands import maesum_here
from tests.conftest import REPOSITORY
from tests.reliability import killing

pytestmark = pytest.mark.slow


def test_what_a_run_left_is_enough_to_run_it_again(small_run, cache, tmp_path):
    """As the README says: every setting, without the overrides that it was made from, in a folder of its own."""
    (tmp_path / "copied").symlink_to(small_run)  # read by a relative path, as people type it
    line = re.search(r"`python -m maesum\.train (.* RUN/.*?)`", (REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert line
    done = maesum_here("train", *line[1].replace("RUN", "copied").split(), folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"copied", "runs"}
    (again,) = tmp_path.glob("runs/rand_stride/*")
    assert killing.same_bits(killing.weights(small_run), killing.weights(again))
    first, second = (json.loads((run / "provenance.json").read_text()) for run in (small_run, again))
    for field in ("config_hash", "seed", "git", "packages", "maesum", "python"):
        assert first[field] == second[field]
    metrics = [json.loads((run / "metrics.json").read_text()) for run in (small_run, again)]
    for name in ("train/loss", "val/loss", "demo/tau", "demo/rho"):
        assert metrics[0][name] == metrics[1][name]

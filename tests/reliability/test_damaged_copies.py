"""What is no file of its format, and copies damaged at random, to every command: a sentence or no harm, no crash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.commands import maesum_here
from tests.reliability import bad_inputs, good_inputs

NAMES = (
    "features", "benchmark", "scores", "scores, JSON", "splits", "checkpoint", "npy", "ids", "tvsum", "summe",
    "eccv16", "finegym", "finegym, timing",
)  # fmt: skip

#: How many damaged copies of each format are tried; the formats whose readers have more to decide get more.
TRIALS = {"features": 15, "benchmark": 15, "scores": 15, "checkpoint": 15}
_FEW = 6  # of the others; `python -m tests.reliability` tries more of all


@pytest.mark.parametrize("name", NAMES)
def test_whole_inputs_are_accepted(inputs, tmp_path, name):
    done = maesum_here(*inputs[name].command, folder=tmp_path, cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / inputs[name].out).exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_damaged_copies_never_crash(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("damaged")
    good = good_inputs.make(folder)[name]
    whole = good.path.read_bytes()

    @settings(
        max_examples=TRIALS.get(name, _FEW), deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**32 - 1))
    def damage(seed):
        good.path.write_bytes(bad_inputs.damaged(whole, np.random.default_rng(seed)))
        bad_inputs.judge(name, good, folder)

    damage()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("defect", ["empty", "absent", "a folder", "noise"])
def test_what_is_no_file_of_the_format_is_refused(inputs, tmp_path, name, defect):
    good = inputs[name]
    good.path.unlink()
    if defect == "empty":
        good.path.write_bytes(b"")
    elif defect == "a folder":
        good.path.mkdir()
    elif defect == "noise":
        good.path.write_bytes(np.random.default_rng(1).bytes(3000))
    found = bad_inputs.judge(name, good, tmp_path, whole_command=defect in ("absent", "noise"))
    only_one_array_is_left = name == "npy" and defect in ("absent", "a folder")
    assert found == ("harmless" if only_one_array_is_left else "refused")

"""What is said of inputs that are missing."""

from types import SimpleNamespace

import pytest

from maesum.config.scoring import BenchmarkConfig
from maesum.runs.inputs import Input, check_inputs, check_prediction
from maesum.system.errors import MaesumError


def prediction(folder, **changes):
    files = {
        "annotations": "no.h5",
        "features": "nor.h5",
        "annotations_made_by": "A",
        "features_made_by": "B",
    } | changes
    return SimpleNamespace(benchmarks={"x": BenchmarkConfig(**files)}, demo_dir=str(folder))


def test_a_prediction_without_its_files_names_a_prediction(tmp_path):
    with pytest.raises(MaesumError, match=r"python -m maesum\.predict scorer=context_mean benchmark=demo"):
        check_prediction(prediction(tmp_path))


def test_what_is_missing_is_named_with_a_command_that_needs_no_files(tmp_path):
    with pytest.raises(MaesumError, match=r"data\.features=no\.h5 is missing; make it with: C\n.*: D"):
        check_inputs([Input("data.features", "no.h5", "C")], str(tmp_path), "D")


def test_features_that_nobody_named_are_asked_for(tmp_path):
    with pytest.raises(MaesumError, match=r"benchmarks\.x\.features= is required; make it with: B"):
        check_prediction(prediction(tmp_path, features=None))

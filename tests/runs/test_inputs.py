"""What is said of inputs that are missing."""

import pytest

from maesum.runs.inputs import check_inputs, check_prediction
from maesum.system.errors import MaesumError

BENCHMARK = {"annotations": "no.h5", "features": "nor.h5", "annotations_made_by": "A", "features_made_by": "B"}


def test_a_prediction_without_its_files_names_a_prediction(tmp_path):
    with pytest.raises(MaesumError, match=r"python -m maesum\.predict scorer=context_mean benchmark=demo"):
        check_prediction({"benchmarks": {"x": BENCHMARK}, "demo_dir": str(tmp_path)})
    data = {"features": "no.h5", "held_out": None, "made_by": ""}
    with pytest.raises(MaesumError, match=r"python -m maesum\.train"):
        check_inputs({"data": data, "benchmarks": {}, "demo_dir": str(tmp_path)})


def test_features_that_nobody_named_are_asked_for(tmp_path):
    with pytest.raises(MaesumError, match=r"benchmarks\.x\.features= is required; make it with: B"):
        check_prediction({"benchmarks": {"x": {**BENCHMARK, "features": None}}, "demo_dir": str(tmp_path)})

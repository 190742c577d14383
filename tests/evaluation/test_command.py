"""Which files an evaluation takes from what it was given."""

import pytest

from maesum.evaluation.command import _scores_file
from maesum.system.errors import MaesumError


def test_a_run_by_splits_says_what_it_holds(tmp_path):
    (tmp_path / "scores").mkdir()
    for number in (1, 2):
        (tmp_path / "scores" / f"demo_split_{number}.h5").touch()
    with pytest.raises(MaesumError, match=r"holds 2 scores files of demo, .*demo_split_1\.h5.*name one of these"):
        _scores_file("scores", str(tmp_path), "demo", 1)
    (tmp_path / "scores" / "demo.h5").touch()
    assert _scores_file("scores", str(tmp_path), "demo", 1) == str(tmp_path / "scores" / "demo.h5")

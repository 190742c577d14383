"""`ckpt=last` under `-m`: each job goes on with its own checkpoint, and never with a neighbour's."""

from __future__ import annotations

import pytest

from maesum.cli.multirun import _resuming
from maesum.system.errors import MaesumError


@pytest.fixture
def jobs(tmp_path):
    """The folders of two jobs, of which the first has begun."""
    (tmp_path / "0" / "checkpoints").mkdir(parents=True)
    (tmp_path / "0" / "checkpoints" / "last.ckpt").touch()
    return tmp_path / "0", tmp_path / "1"


@pytest.mark.parametrize("last", ["ckpt=last", "ckpt='last'", "++ckpt=last"])
def test_a_job_that_never_began_starts_anew_and_says_so(jobs, last, capsys):
    first, second = jobs
    given = ["seed=1", last]
    assert _resuming(given, first) == given
    assert capsys.readouterr().out == ""
    assert _resuming(given, second) == ["seed=1"]
    assert capsys.readouterr().out == f"{second}: holds no checkpoints/last.ckpt, so this job starts anew\n"


def test_a_multirun_of_which_nothing_began_is_refused(tmp_path):
    with pytest.raises(MaesumError, match=r"name that of the multirun that was stopped by hydra\.sweep\.dir="):
        _resuming(["ckpt=last"], tmp_path / "0")


def test_other_checkpoints_are_left_alone(tmp_path):
    for given in (["seed=1"], ["ckpt=a.ckpt"], ["ckpt=lasting"]):
        assert _resuming(given, tmp_path / "0") == given

"""Commands that are ended from outside."""

import os
import signal

import pytest

from maesum import predict
from tests.commands import maesum_here


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_with_one_sentence_and_no_trace(signum, status, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "check_prediction", lambda config: os.kill(os.getpid(), signum))
    done = maesum_here("predict", "scorer=context_mean", "benchmark=demo", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"stopped by {signum.name}.\n")
    assert not list(tmp_path.iterdir())

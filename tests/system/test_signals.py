"""Signals that end a command."""

import os
import signal
import subprocess
import sys

import pytest

from maesum.system.files import atomic_path, temporary_folder
from maesum.system.signals import Ended, ending_by_signals


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_half_written(signum, tmp_path):
    before = signal.getsignal(signum)
    with (
        pytest.raises(Ended, match=f"stopped by {signum.name}") as ended,
        ending_by_signals(),
        temporary_folder(tmp_path / "new" / "out", "work") as folder,
        atomic_path(folder / "x.json"),
    ):
        os.kill(os.getpid(), signum)
    assert ended.value.signum == signum
    assert not list(tmp_path.iterdir())  # nor the folders that were made for it
    assert signal.getsignal(signum) == before


def test_a_second_signal_does_not_stop_the_cleaning_up():
    cleaned = []

    def work():
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            cleaned.append(True)

    with pytest.raises(Ended), ending_by_signals():
        work()
    assert cleaned


def test_what_nohup_has_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_while_modules_load_is_one_word():
    code = "import sys; sys.argv = ['-m']; import maesum; raise KeyboardInterrupt"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "interrupted\n"
    assert done.returncode in (-signal.SIGINT, 130)

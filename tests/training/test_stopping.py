"""Signals that ask a training to stop."""

from __future__ import annotations

import os
import pty
import signal
from types import SimpleNamespace

import pytest

from maesum.training.stopping import SIGNALS, StopRequest


@pytest.fixture
def trainer():
    """As much of a trainer as a request asks for; the handlers that it replaces are given back."""
    before = {name: signal.getsignal(getattr(signal, name)) for name in SIGNALS}
    loop = SimpleNamespace(_broadcast_sigterm_tensor=None)
    yield SimpleNamespace(fit_loop=SimpleNamespace(epoch_loop=loop), is_global_zero=True, world_size=1)
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


@pytest.mark.parametrize("name", SIGNALS)
def test_each_signal_is_noted(trainer, name):
    request = StopRequest()
    request.listen(trainer)
    assert request.agreed(trainer) == 0
    signal.raise_signal(getattr(signal, name))
    assert request.agreed(trainer) == getattr(signal, name)


def test_what_nohup_has_the_process_ignore_stays_ignored(trainer):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    request = StopRequest()
    request.listen(trainer)
    signal.raise_signal(signal.SIGHUP)
    assert request.agreed(trainer) == 0


def test_a_terminal_that_is_gone_is_written_to_no_more(trainer):
    """Until the step ends the progress bar goes on, and writing to a closed terminal is an error."""
    master, terminal = pty.openpty()
    kept = os.dup(2)
    try:
        os.dup2(terminal, 2)
        os.close(terminal)
        request = StopRequest()
        request.listen(trainer)
        os.close(master)
        with pytest.raises(OSError, match="error"):
            os.write(2, b"x")
        signal.raise_signal(signal.SIGHUP)
        assert os.write(2, b"x") == 1
        assert request.agreed(trainer) == signal.SIGHUP
    finally:
        os.dup2(kept, 2)
        os.close(kept)

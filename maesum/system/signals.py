"""Signals that end a command: SIGTERM, which `kill` and schedulers send, and SIGHUP, when the terminal is closed.

A training that is under way saves its state first, by handlers of its own (`maesum.training.stopping`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: What ends a command besides Ctrl-C, by name: not every system has all of them.
ENDING_SIGNALS = ("SIGTERM", "SIGHUP")


class Ended(KeyboardInterrupt):
    """A signal asked this process to end; goes the way of Ctrl-C, so that all that cleans up behind that does here.

    Attributes:
        signum: the signal's number.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.signum = signum


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """Leave the block by an exception when one of `ENDING_SIGNALS` comes, so that nothing half-written stays.

    A second one is ignored: a closed terminal sends two, and the first is being obeyed. What is ignored before, as
    `nohup` has SIGHUP ignored, stays so.

    Raises:
        Ended: out of the block.
    """
    if threading.current_thread() is not threading.main_thread():  # Python gives signals to no other
        yield
        return
    process = os.getpid()
    present = [signal.Signals[name] for name in ENDING_SIGNALS if name in signal.Signals.__members__]
    before = {signum: signal.getsignal(signum) for signum in present}
    taken = [signum for signum in present if before[signum] != signal.SIG_IGN]

    def end(signum: int, frame: FrameType | None) -> None:
        if os.getpid() != process:  # a loader process, which has inherited this
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            return
        for each in taken:
            signal.signal(each, signal.SIG_IGN)
        raise Ended(signum)

    for signum in taken:
        signal.signal(signum, end)
    try:
        yield
    finally:
        for signum in taken:
            signal.signal(signum, before[signum])

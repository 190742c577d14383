"""Ctrl-C, and signals that end a command, while Lightning trains or tests."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Let Ctrl-C leave the block as a KeyboardInterrupt, and another signal as `maesum.system.signals.Ended`.

    Lightning takes it, ignores every further one, and ends the process with status 1 and without a word.
    """
    is_main = threading.current_thread() is threading.main_thread()  # Python gives signals to no other
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        interrupt = end.__context__
        if not isinstance(interrupt, KeyboardInterrupt):
            raise
        if is_main:
            signal.signal(signal.SIGINT, before)
        raise interrupt from None  # which may be another signal's

"""Handle Ctrl-C, and signals that end a command, while Lightning trains or tests."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_raised() -> Iterator[None]:
    """Raise Ctrl-C out of the block as a KeyboardInterrupt, and another signal as `maesum.system.signals.Ended`.

    Lightning would catch the first interrupt, ignore every further one, and end the process with status 1 and no
    message.
    """
    is_main = threading.current_thread() is threading.main_thread()  # Python gives signals to no other thread
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        interrupt = end.__context__
        if not isinstance(interrupt, KeyboardInterrupt):
            raise
        if is_main:
            signal.signal(signal.SIGINT, before)
        raise interrupt from None  # this may be the exception of another signal

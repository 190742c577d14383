"""Ctrl-C while a command is still being imported, which would end in a traceback through somebody's module."""

from __future__ import annotations

import sys
from types import TracebackType

from maesum.system.printing import say


def is_a_command_starting() -> bool:
    """Whether `python -m` is looking for the module to run, which is when the packages above it are imported."""
    return sys.argv[:1] == ["-m"]


def tell_interrupts() -> None:
    """Let a Ctrl-C that nobody takes end the process with one word; the exit status stays that of the signal."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            say("interrupted", error=True)
        else:
            before(kind, error, traceback)

    sys.excepthook = hook

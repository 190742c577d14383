"""Importing torchmetrics, and so Lightning, without scipy.signal.

torchmetrics imports scipy.signal, wherever SciPy is installed, only to give it back a function that one package for
speech looks for; nothing here or in Lightning computes anything with it. It and what it imports in turn are a fifth
of the time that a command takes to start.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_UNUSED = "scipy.signal"


def leave_out_unused_on_import() -> None:
    """See to it that the first import of torchmetrics, by whomever, leaves out scipy.signal, which stays importable."""
    if "torchmetrics" not in sys.modules and not any(isinstance(finder, _LeaveOut) for finder in sys.meta_path):
        sys.meta_path.insert(0, _LeaveOut())


class _LeaveOut(MetaPathFinder):
    """Finds torchmetrics as the usual finders do, and has it executed beside an empty scipy.signal."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "torchmetrics" or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None and _UNUSED not in sys.modules:
            spec.loader = _BesideAnEmptyModule(spec.loader)
        return spec


class _BesideAnEmptyModule(Loader):
    """Executes a module as its own loader does, while scipy.signal is a module without content."""

    def __init__(self, own: Loader) -> None:
        self.own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self.own
        empty = ModuleType(_UNUSED)
        empty.hamming = None  # type: ignore[attr-defined]  # what torchmetrics would add
        sys.modules[_UNUSED] = empty
        try:
            self.own.exec_module(module)
        finally:
            if sys.modules.get(_UNUSED) is empty:
                del sys.modules[_UNUSED]

"""Make torchvision importable where its compiled part does not fit the installed torch.

The torchvision wheels of the Python package index are built against CUDA torch. Beside a CPU build of torch their
compiled operators do not load, and importing torchvision then ends in "operator torchvision::nms does not exist".
torchmetrics, and so Lightning, imports torchvision wherever it is installed, and would fail with it. Neither the
classification models nor the transforms need those operators: declaring their schemas is enough.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_BOX_OPERATOR = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_declared: list[object] = []  # kept, since a torch.library.Library removes its schemas when garbage-collected


def make_torchvision_importable() -> bool:
    """Declare torchvision's operators if its compiled part cannot be loaded; call this before importing torchvision.

    It costs nothing if torchvision is not installed.

    Returns:
        Whether torchvision is installed.
    """
    if "torchvision" in sys.modules:
        return True
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return False
    if not _declared and not _loads(Path(spec.submodule_search_locations[0])):
        _declare_operators()
    return True


def repair_on_import() -> None:
    """Arrange that `make_torchvision_importable` runs right before the first import of torchvision by any package."""
    if "torchvision" not in sys.modules and not any(isinstance(finder, _Repair) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Repair())


class _Repair(MetaPathFinder):
    """An import hook that finds no module: it repairs torchvision, removes itself, and lets other hooks import it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "torchvision" and self in sys.meta_path:
            sys.meta_path.remove(self)
            make_torchvision_importable()
        return None


def _loads(package: Path) -> bool:
    """Whether the compiled operators fit the installed torch; loading them twice is harmless."""
    import torch

    for library in (*package.glob("_C*.so"), *package.glob("_C*.pyd")):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            return False
        return True
    return False


def _declare_operators() -> None:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(operator + _BOX_OPERATOR)
    _declared.append(library)

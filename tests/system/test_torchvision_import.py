"""Lightning and torchvision import in any order, whatever torch is installed; each in a process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

REPAIR = "from maesum.system.torchvision_import import make_torchvision_importable, repair_on_import\n"


def runs(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", REPAIR + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("repair", ["repair_on_import", "make_torchvision_importable"])
def test_lightning_imports(repair: str) -> None:
    assert runs(f"{repair}(); {repair}(); import lightning; print('imported')") == "imported\n"


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="needs torchvision")
def test_torchvision_imports_and_its_models_run() -> None:
    code = """
repair_on_import()
import sys, torch, torchvision
assert not [finder for finder in sys.meta_path if type(finder).__name__ == "_Repair"]
print(tuple(torchvision.models.resnet18(weights=None).eval()(torch.zeros(1, 3, 64, 64)).shape))
"""
    assert "(1, 1000)" in runs(code)


def test_costs_nothing_until_it_is_needed() -> None:
    assert runs("repair_on_import(); import sys; print('torch' in sys.modules)").strip() == "False"

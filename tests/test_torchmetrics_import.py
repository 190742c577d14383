"""Lightning imports without scipy.signal, which is itself afterwards; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def runs(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_torchmetrics_leaves_scipy_signal_out_and_importable() -> None:
    code = """
import sys, maesum, torchmetrics
print("scipy.signal" in sys.modules, [f for f in sys.meta_path if type(f).__name__ == "_LeaveOut"])
print(torchmetrics.__spec__.loader is torchmetrics.__loader__, type(torchmetrics.__loader__).__name__)
import scipy.signal
print(len(scipy.signal.get_window("hann", 7)), sys.modules["scipy.signal"].__file__ is not None)
"""
    assert runs(code) == ["False", "[]", "True", "SourceFileLoader", "7", "True"]


def test_a_scipy_signal_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "torchmetrics.py").write_text("import scipy.signal\nseen = scipy.signal\n")
    code = f"""
import sys, maesum
sys.path.insert(0, {str(tmp_path)!r})
import scipy.signal as first, torchmetrics, scipy.signal
print(torchmetrics.seen is first, scipy.signal is first, len(first.__all__) > 50)
"""
    assert runs(code) == ["True", "True", "True"]

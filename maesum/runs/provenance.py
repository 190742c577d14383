"""Record where the results of a run come from: code, packages, machine and device."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import maesum
from maesum.system.files import atomic_path

#: Path of a run's checkpoint within its folder.
LAST = Path("checkpoints") / "last.ckpt"
#: Key of the clips used so far, against which all training curves are drawn, since a step takes another number of clips
#: in every run.
SAMPLES = "samples_seen"

_PACKAGES = ("torch", "lightning", "numpy", "scipy", "h5py", "hydra-core", "omegaconf", "torchmetrics", "wandb")


def provenance() -> dict[str, Any]:
    """Return code version, package versions and machine; `maesum.runs.identity.identity` gives the settings."""
    return {
        "maesum": maesum.__version__,
        "git": git_state(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "machine": {"system": platform.platform(), "processor": processor_name(), "cores": os.cpu_count()},
    }


def git_state(besides: Sequence[str] = ()) -> str | None:
    """Return the commit of the checkout that the code runs from, with "-dirty" after changes; None outside a checkout.

    Args:
        besides: files and folders, from the checkout's top, whose changes do not count.
    """
    folder = Path(maesum.__file__).resolve().parent
    tracked = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    commit = _git(folder, "rev-parse", "HEAD")
    if tracked is None or commit is None:
        return None
    left_out = [f":(top,exclude){path}" for path in besides]
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":(top)", *left_out)
    return commit + ("-dirty" if changed else "")


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON atomically, indented; NaN is written as null, which every reader takes."""
    write_text(path, json.dumps(_without_nan(content), indent=2, ensure_ascii=False) + "\n")


def write_text(path: str | Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def describe_device(device: Any, processes: int) -> dict[str, Any]:
    """Return what a job computed on: the kind and name of its device, and the number of processes.

    Args:
        device: a torch.device.
    """
    name = processor_name()
    if device.type == "cuda":
        import torch  # imported here, since commands that do not need torch record provenance, too

        name = torch.cuda.get_device_name(device)
    return {"device": {"type": device.type, "name": name, "processes": processes}}


def processor_name() -> str:
    """Return the processor's model where the system gives it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

"""Check that the fields of a checkpoint are those that a training would have written, before any of them is used.

Lightning takes whatever counters a file holds. So these are compared with the counters of a fresh loop, and all values
must be plain; `maesum.training.optimizer_checks` checks the tensors.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from torch import Tensor

from maesum.system.errors import MaesumError

#: The fields that a training is resumed from, and their types.
FIELDS: dict[str, type] = {
    "epoch": int,
    "global_step": int,
    "pytorch-lightning_version": str,
    "state_dict": dict,
    "hyper_parameters": dict,
    "loops": dict,
    "callbacks": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
    "maesum": dict,
}
#: No counter of a training reaches this number; larger ones overflow in other libraries.
_MOST = 2**31
_OF_OPTIMIZER_STATE = re.compile(r"optimizer_states\.\d+\.state\.")
_DEEPEST = 16  # dictionaries and lists within each other


def check_fields(content: dict[str, Any], path: str | Path) -> None:
    """Check that the fields which resuming reads exist and hold plain values, with tensors only where they belong.

    Raises:
        MaesumError: naming the first field that is missing or holds something else.
    """
    for name, kind in FIELDS.items():
        if name not in content:
            raise MaesumError(f"{path}: field '{name}' is missing, so no training can be resumed from this file.")
        if not isinstance(content[name], kind) or isinstance(content[name], bool):
            raise wrong_field(path, name, f"a {type(content[name]).__name__}", f"a {kind.__name__}")
    for name, value in content.items():
        if name != "state_dict":
            _check_plain(value, str(name), path)
    version = content["pytorch-lightning_version"]
    if not re.fullmatch(r"\d+\.\d+(\.\w+)*", version):
        raise wrong_field(path, "pytorch-lightning_version", version, "a version such as 2.6.4")
    if min(content["epoch"], content["global_step"]) < 0:
        raise wrong_field(path, "epoch or global_step", "negative", "numbers from 0")
    if content["callbacks"]:
        raise wrong_field(path, "callbacks", sorted(map(str, content["callbacks"])), "none, since ours keep no state")


def _check_plain(value: Any, name: str, path: str | Path, depth: int = 0) -> None:
    """Check that a value is made of plain, finite numbers, text, lists and dictionaries.

    Tensors are allowed only in an optimiser's state, and NaN or infinite numbers only in the last metrics.
    """
    if depth > _DEEPEST:
        raise MaesumError(f"{path}: field '{name[:80]}...' is nested too deeply, wanted a checkpoint of a training.")
    if isinstance(value, (dict, list, tuple)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            _check_plain(part, f"{name}.{key}", path, depth + 1)
    elif isinstance(value, float) and not (math.isfinite(value) or name.startswith("maesum.metrics.")):
        raise wrong_field(path, name, value, "a finite number")
    elif isinstance(value, int) and abs(value) > _MOST:
        raise wrong_field(path, name, f"of {value.bit_length()} bits", f"a number up to {_MOST}")
    elif isinstance(value, Tensor) and _OF_OPTIMIZER_STATE.match(name):
        return
    elif not (value is None or isinstance(value, (bool, int, float, str))):
        raise wrong_field(path, name, f"a {type(value).__name__}", "plain values")


def check_like(found: Any, wanted: Any, name: str, path: str | Path) -> None:
    """Check that a value has the keys, lengths and types of another, and that its numbers are not negative.

    Raises:
        MaesumError: naming the first part that differs or is negative.
    """
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            raise wrong_field(path, name, found, "a table")
        for key in [*wanted, *found]:
            if key not in found or key not in wanted:
                state = "missing" if key in wanted else "unknown"
                raise MaesumError(
                    f"{path}: field '{name}.{key}' is {state}; resume with the release of Lightning that wrote it."
                )
            check_like(found[key], wanted[key], f"{name}.{key}", path)
    elif isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            raise wrong_field(path, name, found, f"a list of {len(wanted)}")
        for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
            check_like(one, other, f"{name}.{number}", path)
    elif type(found) is not type(wanted) or (isinstance(wanted, (int, float)) and found < 0):
        raise wrong_field(
            path, name, found, f"a {type(wanted).__name__} of at least 0" if wanted is not None else "None"
        )


def wrong_field(path: str | Path, name: str, found: Any, wanted: Any) -> MaesumError:
    """Return the error that names a field, its content (cut to a readable length) and what was wanted."""
    shown = f"a {type(found).__name__}" if isinstance(found, Tensor) else " ".join(str(found)[:200].split())
    shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
    return MaesumError(f"{path}: field '{name}' is {shown}, wanted {wanted}; name another checkpoint.")

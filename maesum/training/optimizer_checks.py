"""Check that the state of optimisers and schedules in a checkpoint fits the weights, before it is loaded.

Optimisers do not check their state: the fused one reads as much memory as the weights have, whatever the shape of the
moments, and takes whatever options a file holds. So moments are compared with the weights, and options with those of a
fresh optimiser.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from maesum.config.fields import LARGEST
from maesum.system.errors import MaesumError
from maesum.training.checkpoint_checks import check_like, wrong_field

#: The moments that Adam keeps for each weight, besides the number of its steps.
_MOMENTS = ("exp_avg", "exp_avg_sq")
#: Options of an optimiser that follow from the hardware and decide nothing but the last digits.
_OF_HARDWARE = ("fused", "foreach", "capturable")


def check_optimizers(
    content: dict[str, Any], optimizers: Sequence[torch.optim.Optimizer], written: dict[str, Any], path: str | Path
) -> None:
    """Check the options and moments of all optimisers, and the schedules of their learning rates.

    Args:
        content: content of the checkpoint, checked by `maesum.training.checkpoint_checks.check_fields`.
        optimizers: fresh optimisers of the module whose training goes on.
        written: the result of `state_sizes` when the checkpoint was written.

    Raises:
        MaesumError: naming the first field that is missing, of another type or shape, or out of range.
    """
    found = content["optimizer_states"]
    is_whole = len(found) == len(optimizers) and all(
        isinstance(state, dict) and state.keys() == optimizer.state_dict().keys() and isinstance(state["state"], dict)
        for state, optimizer in zip(found, optimizers, strict=True)
    )
    if not is_whole:
        count = "one optimiser's" if len(optimizers) == 1 else f"{len(optimizers)} optimisers'"
        raise wrong_field(path, "optimizer_states", "other", f"a list of {count} state and param_groups")
    for key, number in state_sizes(content).items():
        if type(written.get(key)) is not int or written[key] != number:
            field = "lr_schedulers" if key == "schedules" else "optimizer_states.0.state"
            raise wrong_field(path, field, f"of {number} {key.replace('_', ' ')}", f"the {written.get(key)} written")
    _check_schedules(content["lr_schedulers"], optimizers, content["global_step"], path)
    for number, (state, optimizer) in enumerate(zip(found, optimizers, strict=True)):
        rates = content["lr_schedulers"][number]["_last_lr"] if content["lr_schedulers"] else None
        # A single optimiser takes one step for each step of the training; several take as many as their method does.
        most_steps = content["global_step"] if len(optimizers) == 1 else LARGEST
        _check_optimizer(state, optimizer, rates, most_steps, f"optimizer_states.{number}", path)


def _check_optimizer(
    found: dict[str, Any],
    optimizer: torch.optim.Optimizer,
    rates: list[float] | None,
    most_steps: int,
    name: str,
    path: str | Path,
) -> None:
    """Check one optimiser's options and moments.

    Args:
        rates: the learning rates that its schedule has set; None = it has no schedule.
        most_steps: the largest number of steps that it may have taken.
    """
    wanted = optimizer.state_dict()  # holds the initial rates of a schedule, where there is one
    groups = found["param_groups"]
    if not isinstance(groups, list) or len(groups) != len(wanted["param_groups"]):
        raise wrong_field(path, f"{name}.param_groups", "other", f"a list of {len(wanted['param_groups'])}")
    for number, (group, usual) in enumerate(zip(groups, wanted["param_groups"], strict=True)):
        rate = usual["lr"] if rates is None else rates[number]
        _check_group(group, usual, rate, f"{name}.param_groups.{number}", path)
    weights = dict(enumerate(weight for group in optimizer.param_groups for weight in group["params"]))
    for number, moments in found["state"].items():
        where = f"{name}.state.{number}"
        if number not in weights or not isinstance(moments, dict) or moments.keys() != {"step", *_MOMENTS}:
            raise wrong_field(path, where, "other", f"step, {' and '.join(_MOMENTS)} of one of {len(weights)} weights")
        for moment in _MOMENTS:
            _check_tensor(moments[moment], weights[number], f"{where}.{moment}", path)
        if bool((moments["exp_avg_sq"] < 0).any()):
            raise wrong_field(path, f"{where}.exp_avg_sq", "negative in places", "squares")
        _check_tensor(moments["step"], torch.tensor(0.0), f"{where}.step", path)
        if not 0 <= moments["step"].item() <= most_steps:
            raise wrong_field(path, f"{where}.step", moments["step"].item(), f"0 to {most_steps}")


def state_sizes(content: dict[str, Any]) -> dict[str, int]:
    """Count the weights of a checkpoint that have moments, and its schedules, so that a loss of either is noticed.

    (Weights may lack moments: a network has none until the first of its training videos has come.)
    """
    states = [state["state"] for state in content["optimizer_states"] if isinstance(state, dict)]
    return {"weights_with_moments": sum(len(moments) for moments in states), "schedules": len(content["lr_schedulers"])}


def defect_of(tensor: Tensor) -> str | None:
    """Say why a tensor cannot be used as weights or moments, in words that follow its name; None where it can.

    Call this only after the shape was checked: a tensor that repeats a single number in memory may claim any size.
    """
    if tensor.is_nested or tensor.layout != torch.strided or tensor.is_quantized or not tensor.dtype.is_floating_point:
        return f"is of type {'nested' if tensor.is_nested else tensor.dtype}, wanted plain real numbers"
    if tensor.is_meta:
        return "has no values (device meta), wanted those of a training"
    return None if bool(torch.isfinite(tensor).all()) else "holds NaN or infinite values"


def _check_tensor(found: Any, wanted: Tensor, name: str, path: str | Path) -> None:
    """Check that a value is a tensor of finite numbers, with the shape and type of another."""
    if not isinstance(found, Tensor) or found.is_nested or found.shape != wanted.shape or found.dtype != wanted.dtype:
        is_plain = isinstance(found, Tensor) and not found.is_nested
        shown = f"{tuple(found.shape)} {found.dtype}" if is_plain else f"a {type(found).__name__} of another kind"
        raise wrong_field(path, name, shown, f"{tuple(wanted.shape)} {wanted.dtype}")
    defect = defect_of(found)
    if defect is not None:
        raise MaesumError(f"{path}: field '{name}' {defect}; name an earlier checkpoint.")


def _check_group(found: Any, usual: dict[str, Any], rate: float, name: str, path: str | Path) -> None:
    """Check that a group has the options of a fresh optimiser, and the learning rate that its schedule has set."""
    if not isinstance(found, dict):
        raise wrong_field(path, name, found, "a table")
    for key, wanted in usual.items():
        if key not in found:
            raise MaesumError(f"{path}: field '{name}.{key}' is missing; name another checkpoint.")
        if key in _OF_HARDWARE:
            matches = found[key] is None or isinstance(found[key], bool)
        elif key == "lr":
            matches, wanted = type(found[key]) is float and found[key] == rate, rate
        elif isinstance(wanted, (list, tuple)):
            matches = isinstance(found[key], (list, tuple)) and list(found[key]) == list(wanted)
        else:
            matches = type(found[key]) is type(wanted) and found[key] == wanted
        if not matches:
            raise wrong_field(path, f"{name}.{key}", found[key], wanted)
    for key in found.keys() - usual.keys():
        raise wrong_field(path, f"{name}.{key}", found[key], "no such option")


def _check_schedules(
    found: list[Any], optimizers: Sequence[torch.optim.Optimizer], steps: int, path: str | Path
) -> None:
    """Check the schedules of learning rates, where there are any; each is a `LambdaLR`, stepped after every step."""
    if not found:
        return
    fresh = [LambdaLR(optimizer, lambda step: 1.0).state_dict() for optimizer in optimizers]
    check_like(found, fresh, "lr_schedulers", path)
    for number, (schedule, usual) in enumerate(zip(found, fresh, strict=True)):
        name = f"lr_schedulers.{number}"
        if schedule["base_lrs"] != usual["base_lrs"]:
            raise wrong_field(path, f"{name}.base_lrs", schedule["base_lrs"], usual["base_lrs"])
        if schedule["last_epoch"] != steps:
            raise wrong_field(path, f"{name}.last_epoch", schedule["last_epoch"], f"global_step, which is {steps}")

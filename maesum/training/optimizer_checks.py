"""Whether the state of an optimiser and its schedule fits the weights, before it is given to them.

Optimisers trust what they are given: the fused one reads as much memory as the weights have, whatever the moments'
shape, and takes whatever options a file holds. So moments are compared with the weights, and options with a fresh
optimiser's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from maesum.system.errors import MaesumError
from maesum.training.checkpoint_checks import check_like, wrong_field

#: What Adam keeps for each weight, besides the number of its steps.
_MOMENTS = ("exp_avg", "exp_avg_sq")
#: Options of an optimiser that follow from the hardware and decide nothing but the last digits.
_OF_HARDWARE = ("fused", "foreach", "capturable")


def check_optimizer(
    content: dict[str, Any], optimizer: torch.optim.Optimizer, written: dict[str, Any], path: str | Path
) -> None:
    """Check the only optimiser's options and moments, and the schedule of its learning rate.

    Args:
        content: of the checkpoint, whose fields have been checked (`maesum.training.checkpoint_checks.check_fields`).
        optimizer: a fresh one of the task that will be trained on.
        written: what `state_sizes` said when the checkpoint was written.

    Raises:
        MaesumError: naming the first field that is missing, of another type or shape, or out of range.
    """
    found = content["optimizer_states"]
    name, wanted = "optimizer_states.0", optimizer.state_dict()
    is_one = len(found) == 1 and isinstance(found[0], dict) and found[0].keys() == wanted.keys()
    if not is_one or not isinstance(found[0]["state"], dict):
        raise wrong_field(path, "optimizer_states", "other", "a list of one optimiser's state and param_groups")
    for key, count in state_sizes(content).items():
        if type(written.get(key)) is not int or written[key] != count:
            field = "lr_schedulers" if key == "schedules" else f"{name}.state"
            raise wrong_field(path, field, f"of {count} {key.replace('_', ' ')}", f"the {written.get(key)} written")
    _check_schedules(content["lr_schedulers"], optimizer, content["global_step"], path)
    wanted = optimizer.state_dict()  # with the rates that a schedule starts from, where there is one
    groups = found[0]["param_groups"]
    if not isinstance(groups, list) or len(groups) != len(wanted["param_groups"]):
        raise wrong_field(path, f"{name}.param_groups", "other", f"a list of {len(wanted['param_groups'])}")
    for number, (group, usual) in enumerate(zip(groups, wanted["param_groups"], strict=True)):
        rate = content["lr_schedulers"][0]["_last_lr"][number] if content["lr_schedulers"] else usual["lr"]
        _check_group(group, usual, rate, f"{name}.param_groups.{number}", path)
    weights = dict(enumerate(weight for group in optimizer.param_groups for weight in group["params"]))
    for number, moments in found[0]["state"].items():
        where = f"{name}.state.{number}"
        if number not in weights or not isinstance(moments, dict) or moments.keys() != {"step", *_MOMENTS}:
            raise wrong_field(path, where, "other", f"step, {' and '.join(_MOMENTS)} of one of {len(weights)} weights")
        for moment in _MOMENTS:
            _check_tensor(moments[moment], weights[number], f"{where}.{moment}", path)
        if bool((moments["exp_avg_sq"] < 0).any()):
            raise wrong_field(path, f"{where}.exp_avg_sq", "negative in places", "squares")
        _check_tensor(moments["step"], torch.tensor(0.0), f"{where}.step", path)
        if not 0 <= moments["step"].item() <= content["global_step"]:
            raise wrong_field(path, f"{where}.step", moments["step"].item(), f"0 to {content['global_step']}")


def state_sizes(content: dict[str, Any]) -> dict[str, int]:
    """How many weights of a checkpoint have moments, and how many schedules there are: neither may get lost.

    (A network that no video of an epoch's beginning belongs to has no moments yet.)
    """
    states = content["optimizer_states"]
    moments = states[0]["state"] if states and isinstance(states[0], dict) else {}
    return {"weights_with_moments": len(moments), "schedules": len(content["lr_schedulers"])}


def defect_of(tensor: Tensor) -> str | None:
    """Why a tensor cannot be used as weights or moments, in words that follow its name; None where it can.

    To be asked once its shape is known to be right: one that repeats a single number may claim any size.
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
    """Check that a group has the options of a fresh optimiser's, and the learning rate that its schedule has set."""
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


def _check_schedules(found: list[Any], optimizer: torch.optim.Optimizer, steps: int, path: str | Path) -> None:
    """Check the learning rate's schedule, where there is one: a `LambdaLR` that is stepped after every step."""
    if not found:
        return
    fresh = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0).state_dict()
    check_like(found, [fresh], "lr_schedulers", path)
    (schedule,) = found
    if schedule["base_lrs"] != fresh["base_lrs"]:
        raise wrong_field(path, "lr_schedulers.0.base_lrs", schedule["base_lrs"], fresh["base_lrs"])
    if schedule["last_epoch"] != steps:
        raise wrong_field(path, "lr_schedulers.0.last_epoch", schedule["last_epoch"], f"global_step, which is {steps}")

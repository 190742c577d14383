"""From a checkpoint file back to a model, through the safe loader only."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from maesum.errors import MaesumError
from maesum.models import MaskedAutoencoder


def load_autoencoder(path: str | Path) -> MaskedAutoencoder:
    """The pretrained model of a checkpoint, on the CPU and in evaluation mode.

    Nothing in the file is executed: `weights_only=True` admits tensors and plain values.

    Raises:
        MaesumError: missing, not a checkpoint of this project, or weights that do not fit its own settings.
    """
    content = read_checkpoint(path)
    settings = content.get("hyper_parameters", {}).get("model")
    weights = {
        name.removeprefix("model."): value
        for name, value in content.get("state_dict", {}).items()
        if name.startswith("model.")
    }
    if not isinstance(settings, dict) or not weights:
        raise MaesumError(
            f"{path}: fields 'hyper_parameters.model' and 'state_dict' of a pretraining run are missing; name a "
            "checkpoint that python -m maesum.train wrote."
        )
    try:
        model = MaskedAutoencoder(**settings)
    except TypeError as error:
        raise MaesumError(f"{path}: field 'hyper_parameters.model' does not describe a model ({error}).") from None
    load_weights(model, weights, path)
    return model.eval()


def load_weights(model: torch.nn.Module, weights: dict[str, torch.Tensor], path: str | Path) -> None:
    """Load weights into a model of the same shape.

    Raises:
        MaesumError: the first name or shape that differs.
    """
    wanted = model.state_dict()
    for name in sorted(wanted.keys() | weights.keys()):
        found_shape = tuple(weights[name].shape) if name in weights else "absent"
        wanted_shape = tuple(wanted[name].shape) if name in wanted else "absent"
        if found_shape != wanted_shape:
            raise MaesumError(
                f"{path}: weight '{name}' is {found_shape}, wanted {wanted_shape}; the checkpoint is of another model, "
                "so choose the model= and features it was trained with."
            )
    model.load_state_dict(weights)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of a checkpoint as tensors and plain values.

    Raises:
        MaesumError: missing, not a checkpoint, or holding objects that would have to be executed.
    """
    path = Path(path)
    if not path.is_file():
        raise MaesumError(f"{path}: no such checkpoint file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise MaesumError(
            f"{path}: refused, it is not a checkpoint or holds objects other than tensors and plain values."
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise MaesumError(f"{path}: not a readable checkpoint ({reason}).") from None
    if not isinstance(content, dict):
        raise MaesumError(f"{path}: holds a {type(content).__name__}, wanted the dictionary of a checkpoint.")
    return content

"""Save and load the masked autoencoder by Hugging Face's hub library; needs the extra `hub`.

    from maesum.sharing.hub import MaskedAutoencoder
    model = MaskedAutoencoder.from_pretrained("exported")   # a folder that python -m maesum.export wrote

The class is `maesum.models.MaskedAutoencoder` with `save_pretrained` and `from_pretrained`: weights as safetensors,
settings as config.json, nothing that is executed. Both are checked before any memory is taken for the model.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import torch

from maesum import models
from maesum.models.given_settings import check_given_settings
from maesum.system.errors import MaesumError, first_line
from maesum.system.files import read_json

try:
    from huggingface_hub import PyTorchModelHubMixin, hf_hub_download
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file
except ImportError as error:
    raise MaesumError(
        f"{error.name} is missing, which exported models need; install it with: pip install 'maesum[hub]'."
    ) from None

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
#: Ten short settings take less than 300 bytes.
_LARGEST_CONFIG = 64 << 10
#: Names of real number types in safetensors files.
_REAL = ("F64", "F32", "F16", "BF16")


class MaskedAutoencoder(models.MaskedAutoencoder, PyTorchModelHubMixin, library_name="maesum"):
    """A `maesum.models.MaskedAutoencoder` that can be saved to and loaded from a folder or the hub."""

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **options: Any) -> MaskedAutoencoder:
        """Load a model from a folder or from the hub.

        Args:
            options: options of `huggingface_hub.ModelHubMixin.from_pretrained`: revision, cache_dir, ...

        Raises:
            MaesumError: files that are missing, damaged or not what python -m maesum.export writes, or weights that
                do not fit the settings or are not finite.
        """
        read_settings(_file(str(pretrained_model_name_or_path), CONFIG, **options))  # before the mixin reads it
        return super().from_pretrained(pretrained_model_name_or_path, **options)

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **options: Any) -> MaskedAutoencoder:
        """Build the model of config.json and load its weights; the mixin itself would ignore missing ones."""
        known = inspect.signature(models.MaskedAutoencoder).parameters
        settings = {name: options.pop(name) for name in known if name in options}
        path = _file(model_id, WEIGHTS, **options)
        try:
            with safe_open(path, framework="pt") as file:
                _check_weights({name: file.get_slice(name) for name in file.keys()}, settings, path)  # noqa: SIM118
            weights = load_file(path)
        except (OSError, SafetensorError) as error:
            raise MaesumError(f"{path}: not a readable safetensors file ({first_line(error)}).") from None
        bad = next((name for name, value in weights.items() if not bool(value.isfinite().all())), None)
        if bad is not None:
            raise MaesumError(f"{path}: weight '{bad}' holds NaN or infinite values; export the model again.")
        model = cls(**settings)
        model.load_state_dict(weights)
        return model.eval()


def read_settings(path: Path) -> dict[str, Any]:
    """Read the arguments of `MaskedAutoencoder` from a config.json.

    Raises:
        MaesumError: the file is larger than these can be, is not JSON, or holds another key or kind of value.
    """
    size = path.stat().st_size
    if size > _LARGEST_CONFIG:
        raise MaesumError(f"{path}: has {size:,} bytes, wanted the settings of a model in a few hundred.")
    found = read_json(path)
    parameters = inspect.signature(models.MaskedAutoencoder).parameters
    if not isinstance(found, dict):
        raise MaesumError(f"{path}: holds a {type(found).__name__}, wanted the settings of a model.")
    unknown = sorted(found.keys() - parameters.keys())
    if unknown:
        raise MaesumError(f"{path}: has the unknown key {unknown[0]!r}, wanted only {', '.join(parameters)}.")
    if "feature_dim" not in found:
        raise MaesumError(f"{path}: has no 'feature_dim'; name a folder that python -m maesum.export wrote.")
    check_given_settings(found, str(path))
    return found


def _check_weights(found: dict[str, Any], settings: dict[str, Any], path: Path) -> None:
    """Compare what the header of a safetensors file declares with a model of these settings that takes no memory.

    Raises:
        MaesumError: the first name, shape or kind of number that differs, or settings that make no model.
    """
    depth = max(int(settings.get(name, 0)) for name in ("encoder_depth", "decoder_depth"))
    if depth > len(found):
        raise MaesumError(f"{path}: holds {len(found)} weights, too few for the {depth} blocks of its {CONFIG}.")
    try:
        with torch.device("meta"):
            wanted = models.MaskedAutoencoder(**settings).state_dict()
    except MaesumError as error:
        raise MaesumError(f"{path.parent / CONFIG}: {error}") from None
    except (RuntimeError, OverflowError, ValueError, TypeError) as error:
        raise MaesumError(f"{path.parent / CONFIG}: does not describe a model ({first_line(error)}).") from None
    for name in sorted(wanted.keys() | found.keys()):
        shape = tuple(found[name].get_shape()) if name in found else "absent"
        fitting = tuple(wanted[name].shape) if name in wanted else "absent"
        if shape != fitting:
            raise MaesumError(f"{path}: weight '{name}' is {shape}, wanted {fitting} by its {CONFIG}.")
        if found[name].get_dtype() not in _REAL:
            raise MaesumError(f"{path}: weight '{name}' is of type {found[name].get_dtype()}, wanted real numbers.")


def _file(
    model_id: str,
    name: str,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    force_download: bool = False,
    local_files_only: bool = False,
    token: str | bool | None = None,
    **_: Any,
) -> Path:
    """Find one file of a model, in its folder or on the hub.

    Raises:
        MaesumError: there is no such folder or model, or no such file in it.
    """
    if Path(model_id).is_dir():
        path = Path(model_id) / name
        if not path.is_file():
            raise MaesumError(f"{path}: is missing; name a folder that python -m maesum.export wrote.")
        return path
    try:
        return Path(
            hf_hub_download(
                model_id, name, revision=revision, cache_dir=cache_dir, force_download=force_download,
                local_files_only=local_files_only, token=token,
            )
        )  # fmt: skip
    except (OSError, ValueError) as error:  # the hub's own errors are of these kinds
        raise MaesumError(
            f"{model_id}: neither a folder here nor a model of the hub that can be had ({first_line(error)})."
        ) from None

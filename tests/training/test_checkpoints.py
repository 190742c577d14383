"""Checkpoints: the safe loader reads ours and refuses what would have to be executed."""

import pickle

import pytest
import torch

from maesum.data.origin import FeatureOrigin
from maesum.models import MaskedAutoencoder
from maesum.system.errors import MaesumError
from maesum.training.checkpoints import load_autoencoder, load_pretrained, read_checkpoint

MODEL = dict(feature_dim=8, encoder_dim=16, encoder_depth=1, encoder_heads=2, decoder_dim=16, decoder_depth=1, decoder_heads=2)  # fmt: skip


@pytest.fixture
def checkpoint():
    model = MaskedAutoencoder(**MODEL)
    weights = {f"model.{name}": value for name, value in model.state_dict().items()}
    return {"hyper_parameters": {"model": dict(MODEL)}, "state_dict": weights}


def test_round_trip(checkpoint, tmp_path):
    torch.save(checkpoint, tmp_path / "a.ckpt")
    model = load_autoencoder(tmp_path / "a.ckpt")
    assert not model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, checkpoint["state_dict"][f"model.{name}"])


def test_what_it_was_trained_on_is_read_where_it_is_told(checkpoint, tmp_path):
    path = tmp_path / "a.ckpt"
    torch.save(checkpoint, path)
    pretrained = load_pretrained(path)
    assert (pretrained.settings, pretrained.trained_on) == (MODEL, None)
    origin = FeatureOrigin("googlenet", "crop", 15)
    torch.save({**checkpoint, "features": origin.to_plain()}, path)
    assert load_pretrained(path).trained_on == origin
    torch.save({**checkpoint, "features": {"backbone": "googlenet"}}, path)
    with pytest.raises(MaesumError, match=r"a\.ckpt: field 'features' does not say what it was trained on \(wanted"):
        load_pretrained(path)


def test_a_folder_of_a_run_is_answered_with_its_checkpoint(checkpoint, tmp_path):
    with pytest.raises(MaesumError, match="no such checkpoint file; name one of"):
        read_checkpoint(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    torch.save(checkpoint, tmp_path / "checkpoints" / "last.ckpt")
    with pytest.raises(MaesumError, match=r"it is a run's folder, so name \S+/checkpoints/last\.ckpt\.$"):
        read_checkpoint(tmp_path)


class Touch:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_crafted_pickle_is_refused_and_not_executed(tmp_path):
    path, touched = tmp_path / "evil.ckpt", tmp_path / "touched"
    torch.save({"state_dict": Touch(touched)}, path)
    with pytest.raises(MaesumError, match=r"evil.ckpt: refused"):
        load_autoencoder(path)
    path.write_bytes(pickle.dumps(Touch(touched)))
    with pytest.raises(MaesumError, match=r"evil\.ckpt"):
        load_autoencoder(path)
    assert not touched.exists()


def test_what_is_no_checkpoint_of_ours_is_named(checkpoint, tmp_path):
    path = tmp_path / "a.ckpt"
    with pytest.raises(MaesumError, match="no such checkpoint"):
        read_checkpoint(path)
    path.write_bytes(b"")
    with pytest.raises(MaesumError, match=r"a.ckpt"):
        read_checkpoint(path)
    path.write_text("hello")
    with pytest.raises(MaesumError, match=r"a.ckpt"):
        read_checkpoint(path)
    torch.save([1, 2], path)
    with pytest.raises(MaesumError, match="holds a list"):
        read_checkpoint(path)
    torch.save({"state_dict": checkpoint["state_dict"]}, path)
    with pytest.raises(MaesumError, match=r"'hyper_parameters\.model' and 'state_dict'"):
        load_autoencoder(path)
    torch.save(checkpoint, path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(MaesumError, match="not a readable checkpoint"):
        load_autoencoder(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["hyper_parameters"]["model"].update(encoder_dim=32), r"is \(.*\), wanted \(.*another model"),
        (lambda c: c["state_dict"].pop("model.head.bias"), r"weight 'head.bias' is absent, wanted \(8,\)"),
        (lambda c: c["state_dict"].update({"model.extra": torch.zeros(1)}), r"weight 'extra' is \(1,\), wanted absent"),
        (lambda c: c["hyper_parameters"]["model"].update(unknown=1), "does not describe a model"),
        (lambda c: c["hyper_parameters"]["model"].update({5: 1}), "does not describe a model"),
    ],
)
def test_weights_of_another_shape_are_named(checkpoint, tmp_path, change, message):
    change(checkpoint)
    torch.save(checkpoint, tmp_path / "a.ckpt")
    with pytest.raises(MaesumError, match=message):
        load_autoencoder(tmp_path / "a.ckpt")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        *[("frames", value, "a whole number from 2 to 65536") for value in (0, 1, -3, 2.5, True, None, "8", 10**8)],
        *[("encoder_heads", value, "a whole number from 1 to 2147483647") for value in (0, 2.0, [2])],
        *[("mlp_ratio", value, "a number above 0 and below a million") for value in (0, float("nan"), "4", True)],
        *[("stream", value, "one of projected, feature") for value in ("straight", ["projected"])],
    ],
)
def test_sizes_that_no_model_has_are_named(checkpoint, tmp_path, name, value, wanted):
    checkpoint["hyper_parameters"]["model"][name] = value
    torch.save(checkpoint, tmp_path / "a.ckpt")
    with pytest.raises(MaesumError) as refusal:
        load_autoencoder(tmp_path / "a.ckpt")
    assert str(refusal.value) == (
        f"{tmp_path}/a.ckpt: field 'hyper_parameters.model': {name} is {str(value)!r}, wanted {wanted}."
    )

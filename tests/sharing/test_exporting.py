"""An exported model is data, says where it comes from, and scores as its checkpoint does."""

from __future__ import annotations

import json
import resource
import socket

import numpy as np
import pytest
import torch

from maesum.data import FeatureStore
from maesum.scoring import importance
from maesum.system.errors import MaesumError
from maesum.training.checkpoints import load_autoencoder
from tests.commands import maesum_here, user_error

hub = pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def exported(small_run, tmp_path, no_network):
    checkpoint = small_run / "checkpoints" / "last.ckpt"
    done = maesum_here("export", f"ckpt={checkpoint}", "out=model", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "model"


def test_an_exported_model_gives_the_same_scores(exported, small_run, cache):
    from maesum.sharing.hub import MaskedAutoencoder

    assert sorted(path.name for path in exported.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    original = load_autoencoder(small_run / "checkpoints" / "last.ckpt")
    model = MaskedAutoencoder.from_pretrained(exported)
    assert not model.training
    features = FeatureStore(cache / "demo" / "benchmark.h5")["video_1"]
    np.testing.assert_array_equal(importance(model, features), importance(original, features))


def test_the_model_card_holds_provenance_and_metrics(exported, small_run):
    card = (exported / "README.md").read_text()
    metrics = json.loads((small_run / "metrics.json").read_text())
    assert f"| `demo/tau` | {metrics['demo/tau']:.4g} |" in card
    assert json.loads((small_run / "provenance.json").read_text())["config_hash"] in card
    assert 'MaskedAutoencoder.from_pretrained(".")' in card
    assert '"backbone": "synthetic"' in card
    assert hub.ModelCard.load(exported / "README.md").data.library_name == "maesum"


def test_a_checkpoint_outside_a_run_has_a_card_that_says_so(small_run, tmp_path):
    (tmp_path / "alone.ckpt").write_bytes((small_run / "checkpoints" / "last.ckpt").read_bytes())
    done = maesum_here("export", "ckpt=alone.ckpt", "out=a/model", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "a" / "model" / "README.md").read_text()
    assert "left no metrics.json" in card
    assert "left no provenance.json" in card


def test_another_checkpoint_of_a_run_has_not_the_figures_of_the_last(small_run, tmp_path):
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "epoch_001.ckpt").write_bytes((small_run / "checkpoints" / "last.ckpt").read_bytes())
    for name in ("metrics.json", "provenance.json"):
        (folder.parent / name).write_bytes((small_run / name).read_bytes())
    done = maesum_here("export", "ckpt=run/checkpoints/epoch_001.ckpt", "out=model", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "left no metrics.json" in (tmp_path / "model" / "README.md").read_text()


def test_what_cannot_be_exported_is_one_sentence(exported, small_run, tmp_path):
    checkpoint = small_run / "checkpoints" / "last.ckpt"
    cases = {
        (): "ckpt= is required",
        (f"ckpt={checkpoint}",): "out= is required",
        (f"ckpt={checkpoint}", "out=model"): "model: is there already",
        ("ckpt=absent.ckpt", "out=b"): "absent.ckpt: no such checkpoint",
        (f"ckpt={checkpoint}", "out=/proc/maesum/model"): "/proc/maesum: cannot be written",
    }
    for arguments, message in cases.items():
        assert message in user_error(maesum_here("export", *arguments, folder=tmp_path))
    assert not (tmp_path / "b").exists()


def test_damaged_exports_are_refused(exported):
    from maesum.sharing.hub import MaskedAutoencoder

    settings, whole = (exported / "config.json").read_text(), (exported / "model.safetensors").read_bytes()
    (exported / "model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(MaesumError, match=r"model\.safetensors: not a readable safetensors file"):
        MaskedAutoencoder.from_pretrained(exported)
    (exported / "model.safetensors").write_bytes(whole)
    (exported / "config.json").write_text(settings.replace('"encoder_depth": 1', '"encoder_depth": 2'))
    with pytest.raises(MaesumError, match=r"model\.safetensors: weight 'encoder\.1.*is absent"):
        MaskedAutoencoder.from_pretrained(exported)
    (exported / "config.json").write_text(settings.replace('"feature_dim"', '"surprise"'))
    with pytest.raises(MaesumError, match=r"config\.json: has the unknown key 'surprise'"):
        MaskedAutoencoder.from_pretrained(exported)
    (exported / "config.json").unlink()
    with pytest.raises(MaesumError, match=r"config\.json: is missing"):
        MaskedAutoencoder.from_pretrained(exported)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"encoder_dim": 2**30, "encoder_heads": 1}, r"config\.json: does not describe a model"),
        ({"encoder_dim": 2**20, "encoder_heads": 1}, r"weight '.*' is .*, wanted .* by its config\.json"),
        ({"encoder_dim": 10**20}, "encoder_dim is '100000000000000000000', wanted a whole number from 1"),
        ({"encoder_depth": 10**9}, "too few for the 1000000000 blocks"),
        ({"frames": 10**8}, "frames is '100000000', wanted a whole number from 2 to 65536"),
        ({"frames": True}, "frames is 'True'"),
        ({"encoder_heads": 0}, "encoder_heads is '0'"),
        ({"encoder_heads": 3}, r"config\.json: "),
        ({"mlp_ratio": 1e300}, r"mlp_ratio is '1e\+300'"),
        ({"mlp_ratio": float("nan")}, "mlp_ratio is 'nan'"),
        ({"stream": "river"}, "stream is 'river', wanted one of projected, feature"),
        ({"decoder_dim": "16"}, "decoder_dim is '16', wanted a whole number"),
        ({"decoder_dim": None}, "decoder_dim is 'None'"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_of_nonsense_take_no_memory(exported, changes, message):
    from maesum.sharing.hub import MaskedAutoencoder

    settings = json.loads((exported / "config.json").read_text())
    (exported / "config.json").write_text(json.dumps(settings | changes))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MaesumError, match=message):
        MaskedAutoencoder.from_pretrained(exported)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"feature_dim": 8, "feature_dim": 9}', "{}" + " " * (1 << 20)])
def test_a_config_that_is_none_is_refused(exported, text):
    from maesum.sharing.hub import MaskedAutoencoder

    (exported / "config.json").write_text(text)
    with pytest.raises(MaesumError, match=r"config\.json: "):
        MaskedAutoencoder.from_pretrained(exported)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights, name: weights.update({name: weights[name] * float("nan")}), "holds NaN or infinite values"),
        (lambda weights, name: weights.update({name: weights[name].to(torch.int8)}), "is of type I8, wanted real numbers"),
        (lambda weights, name: weights.update({name: weights[name][:1].clone()}), "is .*, wanted .* by its config"),
        (lambda weights, name: weights.pop(name), "is absent, wanted"),
        (lambda weights, name: weights.update(more=torch.zeros(1)), r"weight 'more' is \(1,\), wanted absent"),
    ],
)  # fmt: skip
def test_weights_that_are_not_those_of_the_model_are_refused(exported, change, message):
    from safetensors.torch import load_file, save_file

    from maesum.sharing.hub import MaskedAutoencoder

    weights = load_file(exported / "model.safetensors")
    change(weights, "embed.weight")
    save_file(weights, exported / "model.safetensors")
    with pytest.raises(MaesumError, match=message):
        MaskedAutoencoder.from_pretrained(exported)


def test_a_model_that_is_nowhere_is_one_sentence(no_network):
    from maesum.sharing.hub import MaskedAutoencoder

    for name in ("no/such/folder", "somebody/model"):
        with pytest.raises(MaesumError, match=f"{name}: neither a folder here nor a model of the hub"):
            MaskedAutoencoder.from_pretrained(name, local_files_only=True)


def test_the_models_package_needs_no_hub():
    import subprocess
    import sys

    code = "import sys, maesum.models, maesum.scoring; assert 'huggingface_hub' not in sys.modules, 'imported'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

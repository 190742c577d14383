"""Checkpoints with one thing wrong, or made to do harm, to the command that loads them."""

from __future__ import annotations

import zipfile

import pytest
import torch

from tests.reliability import bad_inputs

MODEL_DEFECTS = {
    "frames": [10**12, -1, 0, "30", None, 2.5], "encoder_dim": [10**9, -8, 0, "8", 7], "encoder_depth": [10**9, -1, "1", 2],
    "mlp_ratio": [float("nan"), float("inf"), -1.0, 1e30, "4"], "stream": ["x", 3, None], "feature_dim": [10**10, 0, -6],
    "encoder_heads": [0, 3, -2, None], "decoder_dim": [2**62], "surprise": [1],
}  # fmt: skip
_ALL_MODEL = [(field, number) for field, values in MODEL_DEFECTS.items() for number in range(len(values))]


@pytest.mark.parametrize(("field", "number"), _ALL_MODEL)
def test_checkpoints_that_describe_another_model_are_refused(inputs, tmp_path, field, number):
    good = inputs["checkpoint"]
    content = torch.load(good.path, weights_only=True)
    content["hyper_parameters"]["model"][field] = MODEL_DEFECTS[field][number]
    torch.save(content, good.path)
    assert bad_inputs.judge("checkpoint", good, tmp_path) == "refused"


WEIGHT_DEFECTS = {
    "NaN": lambda w: torch.full_like(w, float("nan")),
    "complex": lambda w: w.to(torch.complex64),
    "sparse": lambda w: w.to_sparse(),
    "a view of one number": lambda w: torch.zeros(1).expand(10**6, 10**6),
    "no tensor": lambda w: [1, 2],
    "absent": lambda w: None,
    "another shape": lambda w: w[..., :1],
}


@pytest.mark.parametrize("defect", WEIGHT_DEFECTS)
def test_checkpoints_with_unfit_weights_are_refused(inputs, tmp_path, defect):
    good = inputs["checkpoint"]
    content = torch.load(good.path, weights_only=True)
    name = "model.head.weight"
    content["state_dict"][name] = WEIGHT_DEFECTS[defect](content["state_dict"][name])
    torch.save(content, good.path)
    assert bad_inputs.judge("checkpoint", good, tmp_path, whole_command=defect == "NaN") == "refused"


class Touch:
    """Unpickled by an unsafe loader, it creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_crafted_checkpoint_is_refused_and_not_executed(inputs, tmp_path):
    good, touched = inputs["checkpoint"], tmp_path / "touched"
    content = torch.load(good.path, weights_only=True)
    for field in ("extra", "state_dict", "hyper_parameters"):
        torch.save({**content, field: Touch(touched)}, good.path)
        assert bad_inputs.judge("checkpoint", good, tmp_path, "refused", whole_command=True) == "refused"
    assert not touched.exists()


def test_a_compressed_checkpoint_is_refused_before_it_is_unpacked(inputs, tmp_path):
    good = inputs["checkpoint"]
    with zipfile.ZipFile(good.path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("data.pkl", "version", "data/0"):
            archive.writestr(f"archive/{name}", b"\x00" * (64 << 20) if name == "data/0" else b"3\n")
    assert bad_inputs.judge("checkpoint", good, tmp_path, "is compressed", whole_command=True) == "refused"

"""Losses of pretraining against their formulas in plain numpy, and that a training takes the one that it was told."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maesum.config.optimisation import LOSSES
from maesum.methods.pretraining import Pretraining
from maesum.models.losses import BY_NAME

MODEL = dict(feature_dim=8, encoder_dim=16, encoder_depth=1, encoder_heads=2, decoder_dim=16, decoder_depth=1, decoder_heads=2)  # fmt: skip


def plain(name, reconstruction, original):
    if name == "mse":
        return np.mean((reconstruction - original) ** 2)
    norms = np.linalg.norm(reconstruction, axis=-1) * np.linalg.norm(original, axis=-1)
    return np.mean(1 - (reconstruction * original).sum(axis=-1) / norms)


def test_the_command_offers_every_loss():
    assert tuple(BY_NAME) == LOSSES


@pytest.mark.parametrize("name", BY_NAME)
def test_a_loss_is_its_formula(name):
    generator = torch.Generator().manual_seed(0)
    reconstruction, original = torch.randn(2, 3, 5, 7, generator=generator)
    found = BY_NAME[name](reconstruction, original)
    wanted = plain(name, reconstruction.double().numpy(), original.double().numpy())
    torch.testing.assert_close(found.item(), wanted, rtol=1e-6, atol=1e-6)
    assert BY_NAME[name](original, original).item() == pytest.approx(0, abs=1e-6)


def test_a_frame_of_zeros_moves_no_weight_by_its_direction():
    reconstruction = torch.randn(1, 2, 4, requires_grad=True)
    BY_NAME["cosine"](reconstruction, torch.zeros(1, 2, 4)).backward()
    assert reconstruction.grad is not None
    assert not reconstruction.grad.any()


@pytest.mark.parametrize("name", BY_NAME)
def test_training_takes_the_loss_of_the_masked_frames_that_it_was_told(name):
    torch.manual_seed(0)
    module = Pretraining(MODEL, loss=name)
    clips, noise = torch.randn(3, 30, 8), torch.rand(3, 30)
    with torch.no_grad():
        mask = noise.argsort(dim=1).argsort(dim=1) >= 15  # True = masked: the larger half of the noise
        rebuilt, kept = module.model(clips, mask)[mask], clips[mask]
        wanted = plain(name, rebuilt.double().numpy(), kept.double().numpy())
        assert module.loss_of(clips, noise).item() == pytest.approx(wanted, rel=1e-5)
    assert module.hparams["loss"] == name

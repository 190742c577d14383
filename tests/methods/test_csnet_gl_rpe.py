"""What CsnetGlRpeTraining is built of; how it trains is in test_gan_training.py."""

from __future__ import annotations

from maesum.methods.csnet_gl_rpe import CsnetGlRpeTraining
from maesum.models.csnet import WithDifferences
from maesum.models.sum_gan import VariationalAutoencoder


def test_it_is_built_of_its_scorer_and_autoencoder_of_the_width_it_is_told():
    _, network = CsnetGlRpeTraining(8, [[0]], {"hidden": 6}).networks[0]
    assert type(network.scorer) is WithDifferences
    assert type(network.reconstructor) is VariationalAutoencoder
    assert network.compress.out_features == 6

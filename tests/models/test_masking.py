"""Masks as values."""

import numpy as np
import pytest
import torch

from maesum.models import random_mask, target_mask
from maesum.models.masking import masked_count, visible_first
from maesum.system.errors import MaesumError


@pytest.mark.parametrize(("ratio", "kept"), [(0.1, 27), (0.3, 21), (0.5, 15), (0.7, 9), (0.9, 3)])
def test_ratios_of_the_paper_keep_these_frames(ratio, kept):
    mask = random_mask(torch.rand(50, 30), ratio)
    assert mask.dtype == torch.bool
    assert ((~mask).sum(1) == kept).all()


@pytest.mark.parametrize("ratio", [0, 0.01, 1, 0.99, -1, 2])
def test_ratios_that_mask_nothing_or_everything_are_refused(ratio):
    with pytest.raises(MaesumError, match="mask_ratio is"):
        masked_count(30, ratio)


def test_every_frame_is_masked_equally_often():
    mask = random_mask(torch.rand(40_000, 30, generator=torch.Generator().manual_seed(0)), 0.5)
    assert (mask.float().mean(0) - 0.5).abs().max() < 0.0125  # five standard deviations


def test_ties_in_the_noise_keep_the_count():
    assert (random_mask(torch.zeros(4, 30), 0.5).sum(1) == 15).all()


def test_target_masks_hide_one_frame():
    mask = target_mask(torch.tensor([0, 15, 29]), 30)
    assert mask.nonzero().tolist() == [[0, 0], [1, 15], [2, 29]]


def test_the_order_puts_visible_frames_first_and_back():
    mask = random_mask(torch.rand(20, 30), 0.3)
    order = visible_first(mask)
    for row in range(20):
        visible, masked = np.flatnonzero(~mask[row].numpy()), np.flatnonzero(mask[row].numpy())
        np.testing.assert_array_equal(order[row], np.concatenate([visible, masked]))
        np.testing.assert_array_equal(order[row][order[row].argsort()], np.arange(30))

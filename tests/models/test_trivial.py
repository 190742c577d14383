"""The two trivial reconstructions against plain loops."""

import numpy as np
import torch

from maesum.models import random_mask, target_mask
from maesum.models.trivial import interpolation, visible_mean


def _batch(ratio):
    return torch.randn(6, 30, 4), random_mask(torch.rand(6, 30), ratio)


def test_visible_mean():
    frames, mask = _batch(0.5)
    expected = torch.stack([frames[i, ~mask[i]].mean(0).expand(30, 4) for i in range(6)])
    torch.testing.assert_close(visible_mean(frames, mask), expected)


def test_interpolation_equals_numpy_interp():
    for ratio in (0.1, 0.5, 0.9):
        frames, mask = _batch(ratio)
        result = interpolation(frames, mask)
        for clip in range(6):
            visible = np.flatnonzero(~mask[clip].numpy())
            for channel in range(4):
                expected = np.interp(np.arange(30), visible, frames[clip, visible, channel].numpy())
                np.testing.assert_allclose(result[clip, :, channel], expected, atol=1e-5)


def test_masked_values_are_not_read():
    frames, mask = _batch(0.5)
    hidden = torch.where(mask[:, :, None], torch.full_like(frames, 1e6), frames)
    assert torch.equal(interpolation(frames, mask), interpolation(hidden, mask))
    torch.testing.assert_close(visible_mean(frames, mask), visible_mean(hidden, mask))


def test_interpolating_one_target_averages_its_neighbours():
    frames = torch.randn(2, 30, 4)
    result = interpolation(frames, target_mask(torch.tensor([15, 15]), 30))
    torch.testing.assert_close(result[:, 15], (frames[:, 14] + frames[:, 16]) / 2)

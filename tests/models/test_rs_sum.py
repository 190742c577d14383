"""RS-SUM against loops over heads, frames and groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from maesum.models.rs_sum import Restorer, corrupt, importance, restoration_errors, window_mask


def _network(feature_dim=6, width=8, heads=2):
    torch.manual_seed(0)
    return Restorer(feature_dim, width, heads).double().requires_grad_(False)


def _video(frames, width=6, seed=1):
    return torch.randn(frames, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _linear(layer, x):
    return x @ layer.weight.numpy().T + (0 if layer.bias is None else layer.bias.numpy())


def _norm(layer, x):
    centred = x - x.mean(1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + layer.eps)
    return scaled * layer.weight.numpy() + layer.bias.numpy()


def _attend(attention, x):
    query, value = _linear(attention.query, x), _linear(attention.value, x)
    width = x.shape[1] // attention.heads
    out = np.zeros_like(x)
    for head in range(attention.heads):
        part = slice(head * width, (head + 1) * width)
        q, v = query[:, part], value[:, part]
        for i in range(len(x)):
            scores = np.array([q[i] @ q[j] / np.linalg.norm(q[j]) / math.sqrt(width) for j in range(len(x))])
            scores[i] = -5e4
            weights = np.exp(scores - scores.max())
            out[i, part] = weights @ v / weights.sum()
    return _linear(attention.out, out)


def _gelu(x):
    return x * np.array([[0.5 * (1 + math.erf(value / math.sqrt(2))) for value in row] for row in x])


def _restored(network, frames):
    x = _linear(network.into, frames)
    first = x + _attend(network.attention, _norm(network.norm_attention, x))
    second = x + _linear(network.mlp[2], _gelu(_linear(network.mlp[0], _norm(network.norm_mlp, first))))
    return _linear(network.back, (first + second) / 2)


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_a_sequence_is_restored_as_loops_over_heads_and_frames_do(frames):
    network, video = _network(), _video(frames)
    np.testing.assert_allclose(network(video[None])[0], _restored(network, video.numpy()), atol=1e-12)


def test_errors_by_hand():
    found = restoration_errors(torch.tensor([[3.0, 4.0], [0.0, 2.0]]), torch.tensor([[3.0, 4.0], [1.0, 0.0]]))
    assert found.tolist() == pytest.approx([0, 1.5 + 1])


def test_whole_windows_are_masked():
    masked = window_mask(torch.tensor([0.3, 0.9, 0.1, 0.2, 0.8]), 0.6, 4)
    assert masked.view(5, 4).all(1).tolist() == [True, False, True, True, False]
    assert masked.sum() == 12
    assert window_mask(torch.tensor([0.5]), 0.1, 3).all()


def test_masked_frames_are_zeroed_replaced_or_left():
    frames = torch.arange(1.0, 5)[:, None].expand(4, 2)
    masked, others = torch.tensor([True, True, True, False]), torch.tensor([0.0, 0.99, 0.0, 0.0])
    found = corrupt(frames, masked, torch.tensor([0.79, 0.85, 0.95, 0.1]), others)
    assert found[:, 0].tolist() == [0, 4, 3, 4]


def test_importance_equals_a_loop_over_groups():
    network, video = _network(), _video(13)
    found = importance(network, video, length=8, passes=3, share=0.3, seed=5)
    generator, expected = torch.Generator().manual_seed(5), []
    for sequence in (video[:8], video[8:]):
        errors = [[] for _ in sequence]
        for _ in range(3):
            order = torch.randperm(len(sequence), generator=generator).tolist()
            size = max(1, int(0.3 * len(sequence)))
            for start in range(0, len(order), size):
                group = order[start : start + size]
                changed = sequence.numpy().copy()
                changed[group] = 0
                restored = torch.from_numpy(_restored(network, changed))
                error = float(restoration_errors(restored, sequence)[group].mean())
                for t in set(range(len(sequence))) - set(group):
                    errors[t].append(error)
        expected += [1 / (1 + math.exp(np.mean(each))) for each in errors]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert torch.equal(found, importance(network, video, length=8, passes=3, share=0.3, seed=5))


def test_every_weight_gets_a_gradient_and_short_videos_are_finite():
    network = _network().requires_grad_(True)
    restoration_errors(network(_video(9)[None])[0], _video(9)).mean().backward()
    for name, weight in network.named_parameters():
        assert weight.grad.abs().sum() > 0, name
    for frames in (1, 2):
        assert importance(network, _video(frames), 8, 2).isfinite().all()

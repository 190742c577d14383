"""CA-SUM against its equations, frame by frame and pair by pair."""

import math

import numpy as np
import pytest
import torch

from maesum.models import ca_sum
from maesum.models.ca_sum import CaSum, length_loss

BLOCK = 4


def _weights(network):
    return {name: value.detach().numpy() for name, value in network.named_parameters()}


def _attend(x, weights, block_size):
    """Concentrated attention with uniqueness and diversity, one pair of frames at a time."""
    frames = len(x)
    query, key, value = (x @ weights[f"attention.{name}.weight"].T for name in ("query", "key", "value"))
    attention = np.zeros((frames, frames))
    for i in range(frames):
        energies = np.array([query[i] @ key[j] for j in range(frames)])
        attention[i] = np.exp(energies - energies.max()) / np.exp(energies - energies.max()).sum()
    entropy = np.array([-sum(a * math.log(a) for a in row) / math.log(frames) for row in attention])
    uniqueness = entropy / np.abs(entropy).sum()
    diversity = np.zeros(frames)
    for i in range(frames):
        weighted = total = 0.0
        for j in range(frames):
            if i // block_size != j // block_size:
                unlike = 1 - x[i] @ x[j] / (np.linalg.norm(x[i]) * np.linalg.norm(x[j]))
                weighted, total = weighted + unlike * attention[i, j], total + unlike
        diversity[i] = weighted / total if total else 0.0
    attended = np.zeros_like(value)
    for i in range(frames):
        for j in range(frames):
            if i // block_size == j // block_size:
                attended[i] += (attention[i, j] + diversity[j]) * value[j]
    return np.column_stack([attended, uniqueness, diversity]) @ weights["attention.out.weight"].T


def _layer_norm(x, weight, bias):
    centred = x - x.mean(1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-6) * weight + bias


def _expected(network, x, masks=(1.0, 1.0)):
    weights = _weights(network)
    y = (x + _attend(x, weights, network.attention.block_size)) * masks[0]
    y = _layer_norm(y, weights["norm_attended.weight"], weights["norm_attended.bias"])
    y = np.maximum(y @ weights["hidden.weight"].T + weights["hidden.bias"], 0) * masks[1]
    y = _layer_norm(y, weights["norm_hidden.weight"], weights["norm_hidden.bias"])
    return 1 / (1 + np.exp(-(y @ weights["head.weight"][0] + weights["head.bias"])))


def _network(width=6):
    torch.manual_seed(0)
    return CaSum(width, BLOCK).double()


def _video(frames, width=6, seed=1):
    return torch.randn(frames, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("frames", [3, 4, 5, 8, 11])
def test_importance_equals_the_equations(frames):
    network, video = _network(), _video(frames)
    np.testing.assert_allclose(network(video).detach(), _expected(network, video.numpy()), atol=1e-12)


def test_dropout_draws_from_the_generator_alone():
    network, video = _network(), _video(9)
    result = network(video, torch.Generator().manual_seed(5))
    again = torch.Generator().manual_seed(5)
    masks = [(torch.rand(9, 6, generator=again) >= 0.5).numpy() / 0.5 for _ in range(2)]
    np.testing.assert_allclose(result.detach(), _expected(network, video.numpy(), masks), atol=1e-12)
    assert not torch.equal(result, network(video))


def test_rows_at_a_time_change_nothing(monkeypatch):
    network, video = _network(), _video(27)
    results = []
    for numbers in (10_000_000, 27 * BLOCK * 2, 1):  # all rows at once, two blocks of them, one block
        monkeypatch.setattr(ca_sum, "_NUMBERS_AT_A_TIME", numbers)
        network.zero_grad()
        importance = network(video, torch.Generator().manual_seed(3))
        (importance * torch.arange(27)).sum().backward()
        with torch.no_grad():
            assert torch.equal(network(video, torch.Generator().manual_seed(3)), importance)
        results.append([importance.detach(), *(weight.grad.clone() for weight in network.parameters())])
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("frames", [1, 2, BLOCK, BLOCK + 1])
def test_short_and_static_videos_have_finite_scores_and_gradients(frames):
    network = _network()
    for video in (_video(frames), torch.ones(frames, 6).double(), torch.zeros(frames, 6).double()):
        network.zero_grad()
        importance = network(video)
        length_loss(importance, 0.6).backward()
        assert importance.isfinite().all()
        assert all(weight.grad.isfinite().all() for weight in network.parameters())


def test_size_is_the_published_one():
    with torch.device("meta"):
        network = CaSum(1024)
    assert sum(weight.numel() for weight in network.parameters()) / 1e6 == pytest.approx(5.25, abs=0.005)


def test_initial_weights_are_xavier_and_biases_a_tenth():
    network = CaSum(64)
    for name, value in network.named_parameters():
        if "bias" in name:
            assert (value == 0.1).all(), name
        elif "norm" in name:
            assert (value == 1).all(), name
        else:
            bound = math.sqrt(2) * math.sqrt(6 / sum(value.shape))
            assert 0.9 * bound < value.abs().max() <= bound, name


def test_every_weight_gets_a_gradient():
    network, video = _network(), _video(13)
    length_loss(network(video, torch.Generator().manual_seed(0)), 0.6).backward()
    for name, weight in network.named_parameters():
        assert weight.grad.abs().sum() > 0, name


def test_training_moves_the_mean_importance_to_sigma():
    network, videos = _network(), [_video(20, seed=seed) for seed in range(3)]
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        optimizer.zero_grad()
        for video in videos:
            length_loss(network(video, generator), 0.9).backward()
        optimizer.step()
    trained, fresh = (sum(length_loss(net(video), 0.9) for video in videos) / 3 for net in (network, _network()))
    assert trained < fresh / 2


def test_length_loss_by_hand():
    assert length_loss(torch.tensor([0.2, 0.4]), 0.6).item() == pytest.approx(0.3)
    assert length_loss(torch.tensor([0.8, 1.0]), 0.6).item() == pytest.approx(0.3)

"""dppLSTM against the released recurrence by hand, and the DPP against determinants and a sum over all subsets."""

from itertools import product

import numpy as np
import pytest
import torch

from maesum.models.dpp_lstm import DppLstm, dpp_loss, quality_loss


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _linear(layer, x):
    return layer.weight.detach().numpy() @ x + layer.bias.detach().numpy()


def _read(frames, network):
    """The states of the LSTM after each frame, from the start that the mean frame gives; gates i, f, c, o."""
    lstm = {name: value.detach().numpy() for name, value in network.lstm.named_parameters()}
    mean = np.mean(frames, axis=0)
    hidden, cell = np.tanh(_linear(network.first_hidden, mean)), np.tanh(_linear(network.first_cell, mean))
    states = []
    for x in frames:
        sums = lstm["weight_ih_l0"] @ x + lstm["weight_hh_l0"] @ hidden + lstm["bias_ih_l0"] + lstm["bias_hh_l0"]
        i, f, c, o = np.split(sums, 4)
        cell = _sigmoid(i) * np.tanh(c) + _sigmoid(f) * cell
        hidden = _sigmoid(o) * np.tanh(cell)
        states.append(hidden)
    return states


def _network():
    torch.manual_seed(0)
    return DppLstm(feature_dim=5, hidden=4, kernel=3).double()


def _video(frames=7):
    return torch.randn(frames, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_network_equals_the_recurrence_by_hand():
    network, video = _network(), _video()
    frames = list(video.numpy())
    forwards, backwards = _read(frames, network), _read(frames[::-1], network)[::-1]
    quality, kernel = network.quality_and_kernel(video)
    for t, frame in enumerate(frames):
        seen = np.concatenate([frame, forwards[t], backwards[t]])
        for head, result in ((network.quality, quality[t : t + 1]), (network.kernel, kernel[t])):
            expected = _linear(head[2], _sigmoid(_linear(head[0], seen)))
            np.testing.assert_allclose(result.detach(), expected, atol=1e-12)
    rows = (quality[:, None] * kernel).detach().numpy()
    np.testing.assert_allclose(network(video).detach(), np.diag(rows @ rows.T), atol=1e-12)


def _likelihood(quality, kernel, subset, jitter):
    """det(L_Y) / det(L + I), L entry by entry."""
    frames = len(quality)
    ensemble = np.zeros((frames, frames))
    for i, j in product(range(frames), range(frames)):
        ensemble[i, j] = quality[i] * quality[j] * (kernel[i] @ kernel[j]) + (jitter if i == j else 0)
    return np.linalg.det(ensemble[np.ix_(subset, subset)]) / np.linalg.det(ensemble + np.eye(frames))


def _qualities(frames, width, seed=2):
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(frames, generator=generator, dtype=torch.float64),
        torch.randn(frames, width, generator=generator, dtype=torch.float64),
    )


@pytest.mark.parametrize("jitter", [0.0, 1e-3])
@pytest.mark.parametrize("subset", [[], [2], [0, 3], [1, 2, 5]])
def test_dpp_loss_equals_determinants(subset, jitter):
    quality, kernel = _qualities(6, 4)
    selected = torch.zeros(6, dtype=torch.bool)
    selected[subset] = True
    expected = -np.log(_likelihood(quality.numpy(), kernel.numpy(), subset, jitter))
    assert dpp_loss(quality, kernel, selected, jitter).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("width", "jitter"), [(6, 0.0), (2, 0.0), (2, 1e-2)])
def test_probabilities_of_all_subsets_add_up_to_one(width, jitter):
    quality, kernel = _qualities(5, width)
    probabilities = [
        torch.exp(-dpp_loss(quality, kernel, torch.tensor(chosen), jitter)).item()
        for chosen in product([False, True], repeat=5)
    ]
    assert sum(probabilities) == pytest.approx(1, abs=1e-9)


def test_frames_that_look_alike_are_improbable_but_not_impossible():
    quality, kernel = torch.ones(4), torch.eye(4)[[0, 0, 1, 2]]
    different = dpp_loss(quality, kernel, torch.tensor([True, False, True, False]))
    alike = dpp_loss(quality, kernel, torch.tensor([True, True, False, False]))
    assert alike.isfinite()
    assert alike > different + 10


def test_gradient_of_the_dpp_equals_differences():
    quality, kernel = (value.requires_grad_() for value in _qualities(5, 4))
    selected = torch.tensor([True, False, True, False, True])
    assert torch.autograd.gradcheck(lambda q, k: dpp_loss(q, k, selected), (quality, kernel))


def test_quality_loss_by_hand():
    loss = quality_loss(torch.tensor([0.5, 2.0, -1.0]), torch.tensor([True, True, False]))
    assert loss.item() == pytest.approx((0.25 + 1 + 1) / 3)


def test_memory_of_the_dpp_is_linear():
    quality, kernel = (value.float() for value in _qualities(20_000, 8))
    selected = torch.zeros(20_000, dtype=torch.bool)
    selected[::4000] = True
    assert dpp_loss(quality, kernel, selected).isfinite()  # an n x n matrix would take 3.2 GB


def test_weights_start_within_the_bound():
    network = DppLstm(5, 4, 3)
    network.initialise(torch.Generator().manual_seed(0))
    values = dict(network.named_parameters())
    assert max(value.abs().max() for value in values.values()) <= 0.02
    assert values["lstm.bias_ih_l0"].abs().sum() > 0
    assert values["quality.0.bias"].abs().sum() == 0
    again = DppLstm(5, 4, 3)
    again.initialise(torch.Generator().manual_seed(0))
    assert all(torch.equal(value, values[name]) for name, value in again.named_parameters())


def test_training_learns_the_key_frames_and_reaches_every_weight():
    network, video = _network(), _video(12)
    selected = torch.zeros(12, dtype=torch.bool)
    selected[[2, 6, 9]] = True
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        quality, kernel = network.quality_and_kernel(video)
        loss = quality_loss(quality, selected) + dpp_loss(quality, kernel, selected)
        loss.backward()
        losses.append(loss.item())
        if len(losses) == 1:
            for name, weight in network.named_parameters():
                assert weight.grad.abs().sum() > 0, name
        optimizer.step()
    assert losses[-1] < losses[0] / 2
    assert set(network(video).topk(3).indices.tolist()) == {2, 6, 9}

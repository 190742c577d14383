"""CSNet's scorer against an LSTM stepped by hand over lists of frames, and its variance loss against numpy."""

import numpy as np
import pytest
import torch

from maesum.models.csnet import ChunkStrideScorer, chunks, strides, variance_loss


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _lstm(sequence, weights, suffix):
    """The textbook recurrence, gates in the order of torch: input, forget, cell, output."""
    w_x, w_h, b_x, b_h = (weights[f"{name}_l0{suffix}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    hidden, cell, states = np.zeros(w_h.shape[1]), np.zeros(w_h.shape[1]), []
    for x in sequence:
        i, f, g, o = np.split(w_x @ x + b_x + w_h @ hidden + b_h, 4)
        cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(g)
        hidden = _sigmoid(o) * np.tanh(cell)
        states.append(hidden)
    return states


def _stream(features, sequences, stream):
    weights = {name: value.detach().numpy() for name, value in stream.lstm.named_parameters()}
    head, bias = stream.head.weight.detach().numpy()[0], stream.head.bias.item()
    scores = np.full(len(features), np.nan)
    for frames in sequences:
        forwards = _lstm([features[t] for t in frames], weights, "")
        backwards = _lstm([features[t] for t in frames[::-1]], weights, "_reverse")[::-1]
        for t, ahead, behind in zip(frames, forwards, backwards, strict=True):
            scores[t] = head @ np.concatenate([ahead, behind]) + bias
    return scores


def _expected(scorer, features, local, whole):
    first, second = _stream(features, local, scorer.local_stream), _stream(features, whole, scorer.global_stream)
    weight = np.exp(scorer.fusion.detach().numpy())
    weight /= weight.sum()
    importance = []
    for t in range(len(features)):
        difference = 0.0
        for step, head in zip((1, 2, 4), scorer.difference.heads, strict=True):
            later = min(t + step, len(features) - 1)
            difference += head.weight.detach().numpy()[0] @ np.abs(features[later] - features[t]) + head.bias.item()
        importance.append(weight[0] * _sigmoid(first[t] + difference) + weight[1] * _sigmoid(second[t] + difference))
    return importance


def _scorer():
    torch.manual_seed(0)
    scorer = ChunkStrideScorer(width=5, hidden=3).double()
    with torch.no_grad():
        scorer.fusion.copy_(torch.tensor([0.7, -0.4]))
    return scorer


def test_scorer_equals_an_lstm_by_hand():
    features = torch.randn(10, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scorer = _scorer()
    local = [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9]]
    whole = [[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]]
    expected = _expected(scorer, features.numpy(), local, whole)
    np.testing.assert_allclose(scorer(features).detach(), expected, atol=1e-12)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_video_of_fewer_frames_than_sequences(frames):
    features = torch.randn(frames, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    scorer, single = _scorer(), [[t] for t in range(frames)]
    expected = _expected(scorer, features.numpy(), single, single)
    np.testing.assert_allclose(scorer(features).detach(), expected, atol=1e-12)


@pytest.mark.parametrize("frames", [4, 5, 7, 8, 301])
def test_both_streams_deal_out_every_frame_once(frames):
    for sequences in (chunks(frames, 4), strides(frames, 4)):
        assert sorted(torch.cat(sequences).tolist()) == list(range(frames))
        lengths = [len(sequence) for sequence in sequences]
        assert lengths == sorted(lengths, reverse=True)
        assert lengths[0] - lengths[-1] <= 1
    assert all((piece.diff() == 1).all() for piece in chunks(frames, 4))
    assert all((piece.diff() == 4).all() for piece in strides(frames, 4))


def test_logits_stay_finite_where_the_sigmoid_is_full():
    scorer = _scorer().float()
    with torch.no_grad():
        for stream in (scorer.local_stream, scorer.global_stream):
            stream.head.bias.fill_(300.0)
    logits = scorer.logits(torch.zeros(6, 5))
    assert logits.isfinite().all()
    assert (logits > 200).all()


@pytest.mark.parametrize("count", [1, 6, 7])
def test_variance_loss_is_about_the_median(count):
    importance = torch.rand(count, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    values = importance.numpy()
    expected = 1 / (np.mean((values - np.median(values)) ** 2) + 1e-4)
    assert variance_loss(importance).item() == pytest.approx(expected, rel=1e-12)


def test_variance_loss_spreads_flat_scores():
    scorer = _scorer()
    features = torch.randn(40, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    optimizer = torch.optim.Adam(scorer.parameters(), lr=0.01)
    before = scorer(features).std().item()
    for _ in range(50):
        optimizer.zero_grad()
        variance_loss(scorer(features)).backward()
        optimizer.step()
    assert scorer(features).std().item() > 2 * before


def test_every_weight_gets_a_gradient():
    scorer = _scorer()
    features = torch.randn(9, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    (variance_loss(scorer(features)) + scorer(features).mean()).backward()
    for name, weight in scorer.named_parameters():
        assert weight.grad.abs().sum() > 0, name

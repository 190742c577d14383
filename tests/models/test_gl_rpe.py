"""The scorer of GL+RPE against its equations as plain loops."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from maesum.models.gl_rpe import GlobalLocalScorer, global_pieces, local_pieces, piece_count, relative_positions
from tests.models.plain_lstm import linear, lstm, sigmoid


def make(width=5, hidden=3, seed=0, **kwargs):
    torch.manual_seed(seed)
    return GlobalLocalScorer(width, hidden, **kwargs).double()


def video(frames, width=5, seed=0):
    return torch.randn(frames, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def plain_attention(w, prefix, x, pieces):
    out = torch.empty_like(x)
    for piece in pieces:
        count = len(piece)
        for i in range(count):
            query = linear(w, f"{prefix}.query", x[piece[i]])
            energy = []
            for j in range(count):
                angle = (j - i) / 10_000 ** ((j - j % 2) / count)
                bias = math.cos(angle) if j % 2 else math.sin(angle)
                energy.append((query * linear(w, f"{prefix}.key", x[piece[j]])).sum() + bias)
            share = torch.exp(torch.stack(energy))
            share = share / share.sum()
            mixed = sum(share[j] * linear(w, f"{prefix}.value", x[piece[j]]) for j in range(count))
            out[piece[i]] = x[piece[i]] + linear(w, f"{prefix}.project", mixed)
    return out


@pytest.mark.parametrize(("frames", "pieces"), [(19, 4), (16, 4), (3, 8), (1, 8), (11, 1)])
def test_importance_equals_the_loop_over_pieces_and_frames(frames, pieces):
    scorer = make(pieces=pieces)
    with torch.no_grad():
        for weight in scorer.parameters():
            weight.mul_(2)
    w = {name: weight.detach() for name, weight in scorer.state_dict().items()}
    count = min(pieces, frames)
    lengths = [frames // count + (k < frames % count) for k in range(count)]
    starts = [sum(lengths[:k]) for k in range(count)]
    near = [list(range(start, start + length)) for start, length in zip(starts, lengths, strict=True)]
    far = [[t for t in range(frames) if t % count == k] for k in range(count)]
    x, _, _ = lstm(w, "lstm", video(frames))
    merged = plain_attention(w, "local_attention", x, near) + plain_attention(w, "global_attention", x, far)
    expected = linear(w, "head", merged)[:, 0]
    torch.testing.assert_close(scorer.logits(video(frames)), expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(scorer(video(frames)), sigmoid(expected), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("frames", [1, 7, 8, 9, 100, 8192, 8193, 100_000])
def test_pieces_hold_every_frame_once_and_are_short(frames):
    count = piece_count(frames, 8, 1024)
    for pieces in (local_pieces(frames, count), global_pieces(frames, count)):
        assert torch.equal(torch.cat(pieces).sort().values, torch.arange(frames))
        assert 1 <= min(map(len, pieces)) <= max(map(len, pieces)) <= 1024
        assert len(pieces) == count
    assert count == (min(8, frames) if frames <= 8192 else math.ceil(frames / 1024))


def test_pieces_of_ten_frames():
    assert [piece.tolist() for piece in local_pieces(10, 4)] == [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9]]
    assert [piece.tolist() for piece in global_pieces(10, 4)] == [[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]]


def test_relative_positions_worked_by_hand():
    table = relative_positions(4)
    assert table[0, 0] == 0  # sin 0
    assert table[2, 0].item() == pytest.approx(math.sin(-2))
    assert table[1, 1] == 1  # cos 0
    assert table[0, 2].item() == pytest.approx(math.sin(2 / 100))  # 10000^(2/4) = 100
    assert table[0, 3].item() == pytest.approx(math.cos(3 / 100))


def test_far_frames_are_seen_through_global_pieces_only():
    """With the LSTM cut off from its neighbours, a change of a frame reaches its own two pieces and no other frame."""
    scorer = make(pieces=4)
    with torch.no_grad():
        for name, weight in scorer.lstm.named_parameters():
            if "weight_hh" in name:
                weight.zero_()
            elif "bias" in name:
                weight[3:6] = -1e4  # forget everything
    changed = video(20)
    changed[7] += 1
    moved = (scorer.logits(video(20)) - scorer.logits(changed)).abs() > 1e-12
    assert moved.nonzero()[:, 0].tolist() == sorted({5, 6, 7, 8, 9} | {3, 7, 11, 15, 19})


def test_gradients_reach_every_weight():
    scorer = make(pieces=4)
    scorer(video(20)).sum().backward()
    for name, weight in scorer.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_global_random_numbers_are_neither_used_nor_moved():
    scorer = make()
    results = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        results.append(scorer(video(30)))
        assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(*results)


class LargestTensor(TorchDispatchMode):
    """Records how many elements the largest tensor has that any operation makes."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.elements = max(self.elements, leaf.numel())
        return out


def test_memory_is_linear_in_the_length_of_a_video():
    frames = 40_000  # 8 pieces of them would attend in 5,000 x 5,000 matrices
    scorer = make(hidden=2).float()
    with LargestTensor() as largest:
        scorer(video(frames).float()).sum().backward()
    assert largest.elements <= 600 * frames  # what an LSTM keeps for its gradient takes 545 a frame

"""CTVSUM's criteria against loops over pairs of frames, and what they prefer."""

import math

import numpy as np
import pytest
import torch

from maesum.models import ctvsum
from maesum.models.ctvsum import criteria, importance


def _video(frames, width=5, seed=0):
    return torch.randn(frames, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _expected_criteria(video, count):
    unit = [frame / np.linalg.norm(frame) for frame in video.numpy()]
    local, consistent = [], []
    for frame in unit:
        distances = sorted(float(np.sum((frame - other) ** 2)) for other in unit)
        local.append(sum(distances[:count]) / count)
        consistent.append(math.log(sum(math.exp(-2 * distance) for distance in distances) / len(unit)))
    return np.array(local), np.array(consistent)


@pytest.mark.parametrize(("frames", "neighbours", "count"), [(40, 0.1, 4), (37, 0.2, 7), (8, 0.1, 2), (1, 0.1, 1)])
def test_criteria_equal_loops_over_pairs(frames, neighbours, count):
    video = _video(frames)
    for result, expected in zip(criteria(video, neighbours), _expected_criteria(video, count), strict=True):
        np.testing.assert_allclose(result, expected, atol=1e-12)


def test_rows_at_a_time_change_nothing(monkeypatch):
    video = _video(33)
    whole = criteria(video)
    monkeypatch.setattr(ctvsum, "_NUMBERS_AT_A_TIME", 33 * 7)
    torch.testing.assert_close(criteria(video), whole)


def _scaled(x):
    return (x - x.min()) / (x.max() - x.min())


def _smooth(x):
    """A Gaussian of one frame cut at four, with the video mirrored at its ends."""
    weights = np.array([math.exp(-(d**2) / 2) for d in range(-4, 5)])
    mirrored = np.concatenate([x[3::-1], x, x[:-5:-1]])
    return np.array([weights @ mirrored[t : t + 9] / weights.sum() for t in range(len(x))])


@pytest.mark.parametrize("exponential", [True, False])
@pytest.mark.parametrize("consistency", [True, False])
def test_importance_equals_the_formula(consistency, exponential):
    video = _video(40)
    local, consistent = (_scaled(criterion) for criterion in _expected_criteria(video, 4))
    score = local * consistent if consistency else local
    score = np.exp(score - 1) if exponential else score + 0.05
    result = importance(video, consistency=consistency, exponential=exponential)
    np.testing.assert_allclose(result, _smooth(score), atol=1e-12)
    plain = importance(video, consistency=consistency, exponential=exponential, smoothing=0)
    np.testing.assert_allclose(plain, score, atol=1e-12)


def test_a_frame_that_fits_but_is_not_repeated_is_preferred():
    """Repeats of one scene score low, and so does a frame unlike all the others."""
    scene = torch.tensor([1.0, 0, 0, 0])
    video = scene + 0.001 * _video(60, 4).float()
    varied = [10, 25, 40, 50]
    video[varied] = scene + 0.5 * torch.tensor([[0, 1.0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, -1, 0]])
    video[30] = torch.tensor([0.0, 0, 0, 1])
    score = importance(video, smoothing=0)
    assert set(score.topk(4).indices.tolist()) == set(varied)
    assert importance(video, smoothing=0, consistency=False).argmax() == 30


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_static_videos_have_flat_scores(frames):
    for video in (torch.ones(frames, 5), torch.full((frames, 5), 0.3), torch.zeros(frames, 5)):
        score = importance(video)
        torch.testing.assert_close(score, score[:1].expand(frames))

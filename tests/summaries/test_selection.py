"""Shots fall on the cuts, long ones are cut up, and the knapsack keeps to the budget."""

from __future__ import annotations

import numpy as np
import pytest

from maesum.metrics import keyshot_summary
from maesum.summaries.selection import BudgetTooSmall, find_shots, longest_shot, select, split_long
from maesum.summaries.ticks import Ticks, ticks_of
from maesum.system.errors import MaesumError


def even(n_frames: int, fps: float = 25.0) -> Ticks:
    return ticks_of(np.arange(n_frames + 1) / fps)


def shots_like(lengths: list[int], dim: int = 32, noise: float = 0.05) -> np.ndarray:
    """Features of shots that look alike inside and differ from each other: [sum(lengths), dim]."""
    rng = np.random.default_rng(len(lengths))
    looks = rng.normal(size=(len(lengths), dim))
    return np.repeat(looks, lengths, axis=0) + noise * rng.normal(size=(sum(lengths), dim))


def assert_cover(shots: np.ndarray, n_frames: int) -> None:
    assert shots[0, 0] == 0
    assert shots[-1, 1] == n_frames - 1
    np.testing.assert_array_equal(shots[1:, 0], shots[:-1, 1] + 1)
    assert (shots[:, 1] >= shots[:, 0]).all()


def test_cuts_of_a_short_video_are_found_to_the_frame() -> None:
    lengths = [61, 34, 80, 75]
    shots = find_shots(shots_like(lengths), every=1, ticks=even(250))
    assert_cover(shots, 250)
    assert set(np.cumsum(lengths)[:-1]) <= set(shots[:, 0].tolist())
    assert len(shots) < 40  # not every frame


def test_a_long_video_is_segmented_in_parts() -> None:
    lengths = [int(length) for length in np.random.default_rng(0).integers(200, 900, 60)]
    n_frames = sum(lengths)
    shots = find_shots(shots_like(lengths), every=1, ticks=even(n_frames, 30))
    assert_cover(shots, n_frames)
    assert (shots[:, 1] - shots[:, 0] + 1).max() <= longest_shot(even(n_frames, 30))
    near = [np.abs(shots[:, 0] - cut).min() for cut in np.cumsum(lengths)[:-1]]
    assert np.mean(np.array(near) <= 15) > 0.95  # every 15th frame is looked at


def test_features_of_every_15th_frame() -> None:
    features = shots_like([20, 20, 20])
    shots = find_shots(features, every=15, ticks=even(893, 30))
    assert_cover(shots, 893)
    assert {300, 600} <= set(shots[:, 0].tolist())


def test_long_shots_are_cut_into_equal_pieces() -> None:
    np.testing.assert_array_equal(
        split_long(np.array([[0, 9], [10, 12], [13, 13]]), 4, even(14)), [[0, 2], [3, 5], [6, 9], [10, 12], [13, 13]]
    )


def test_a_slide_show_keeps_to_its_budget_in_seconds() -> None:
    times = np.concatenate([np.arange(75) / 25, 3 + 4 * np.arange(76)])  # three seconds of video, 75 slides
    ticks = ticks_of(times)
    rng = np.random.default_rng(0)
    shots = find_shots(rng.normal(size=(150, 32)), every=1, ticks=ticks)
    assert_cover(shots, 150)
    lengths = times[shots[:, 1] + 1] - times[shots[:, 0]]
    assert lengths.max() <= 5.001
    for budget in (0.05, 0.15, 0.5):
        selection = select(rng.random(150), shots, budget, "v", ticks)
        seconds = lengths[selection.chosen].sum()
        assert budget * 303 - 5 <= seconds <= budget * 303 + 0.05


def test_long_recordings_are_looked_at_evenly_in_time() -> None:
    """A burst of frames does not take the rows of the hours around it."""
    times = np.concatenate([np.arange(1000) * 2.0, 2000 + np.arange(9000) / 30, [2300.0]])
    ticks = ticks_of(times)
    looks = shots_like([500, 500, 4500, 4500])
    starts = find_shots(looks, every=1, ticks=ticks)[:, 0]
    assert {500, 1000} <= set(starts.tolist())  # cuts between slides, to the frame
    assert np.abs(times[starts] - times[5500]).min() <= 0.6


def test_a_picture_that_is_shown_for_long_is_a_piece() -> None:
    times = np.array([0.0, 1.0, 2.0, 62.0, 63.0, 64.0])
    ticks = ticks_of(times)
    pieces = split_long(np.array([[0, 4]]), round(5 * ticks.per_second), ticks)
    np.testing.assert_array_equal(pieces, [[0, 1], [2, 2], [3, 4]])


@pytest.mark.parametrize(
    ("n_frames", "fps"), [(30, 25.0), (130, 25.0), (345, 25.0), (9000, 30.0), (400_000, 60.0), (31, 1.0)]
)
def test_something_fits_the_default_budget(n_frames: int, fps: float) -> None:
    assert 1 <= longest_shot(even(n_frames, fps)) <= max(1, int(0.15 * n_frames))


def test_selects_what_the_field_s_evaluation_selects() -> None:
    rng = np.random.default_rng(0)
    importance = rng.random(300).astype(np.float32)
    shots = split_long(np.array([[0, 120], [121, 150], [151, 299]]), 11, even(300))
    for budget in (0.05, 0.15, 0.5, 1.0):
        selection = select(importance, shots, budget, "v", even(300))
        np.testing.assert_array_equal(selection.frames, keyshot_summary(importance, shots, budget))
        assert selection.frames.sum() <= int(budget * 300)
        played = np.zeros(300, dtype=bool)
        for first, last in selection.runs:
            played[first : last + 1] = True
        np.testing.assert_array_equal(played, selection.frames)
    assert select(importance, shots, 1.0, "v", even(300)).runs == [(0, 299)]


def test_a_budget_that_nothing_fits() -> None:
    with pytest.raises(BudgetTooSmall, match=r"budget=0.01: allows 0.04 of the 4.00 seconds of video 'v', .* has 2.00"):
        select(np.ones(100), np.array([[0, 49], [50, 99]]), 0.01, "v", even(100))
    with pytest.raises(MaesumError, match="wanted a share"):
        select(np.ones(100), np.array([[0, 99]]), 1.5, "v", even(100))

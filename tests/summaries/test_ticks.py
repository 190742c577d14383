"""Even videos are counted by frames, as the field does; uneven ones by time."""

from __future__ import annotations

import numpy as np
import pytest

from maesum.summaries.ticks import ticks_of


@pytest.mark.parametrize("jitter", [0.0, 0.4])
def test_a_frame_is_a_tick_of_an_even_video(jitter: float) -> None:
    times = 1.48 + (np.arange(301) + jitter * np.sin(np.arange(301))) / 25
    ticks = ticks_of(times)
    np.testing.assert_array_equal(ticks.bounds, np.arange(301))
    assert ticks.per_second == pytest.approx(25, rel=2e-3)


def test_ticks_of_a_slide_show_are_time() -> None:
    times = np.concatenate([np.arange(75) / 25, 3 + 4 * np.arange(76)])
    ticks = ticks_of(times)
    np.testing.assert_allclose(ticks.bounds / ticks.per_second, times, atol=2 / ticks.per_second)
    assert ticks.total >= 50_000
    assert (ticks.n_frames, ticks.lengths(np.array([[0, 74]]))[0]) == (
        150,
        pytest.approx(3 * ticks.per_second, rel=1e-3),
    )


def test_frames_that_last_no_time_still_count() -> None:
    ticks = ticks_of(np.array([0.0, 0.0, 0.0, 5.0, 5.0, 9.0]))
    assert (np.diff(ticks.bounds) >= 1).all()

"""Addresses: clips stay inside their video, draws depend on nothing but (seed, epoch, sample), windows spare the target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maesum.config.values import parse_stride
from maesum.data import sampling
from maesum.system.errors import MaesumError


@given(
    seed=st.integers(0, 2**40),
    epoch=st.integers(0, 10_000),
    length=st.integers(30, 5_000),
    stride=st.tuples(st.integers(1, 40), st.integers(0, 40)).map(lambda pair: [pair[0], sum(pair)]),
)
def test_clips_stay_inside_the_video_at_one_stride(seed, epoch, length, stride):
    index = sampling.clips(seed, epoch, np.arange(64), np.full(64, length), stride)
    steps = np.diff(index, axis=1)
    assert index.min() >= 0
    assert index.max() < length
    assert (steps == steps[:, :1]).all()
    assert steps.min() >= 1
    # The drawn stride, or the largest that fits where the drawn one does not.
    largest_fitting = (length - 1) // 29
    assert (steps[:, 0] >= min(stride[0], largest_fitting)).all()
    assert (steps[:, 0] <= stride[1]).all()


def test_every_stride_and_every_start_occurs_equally_often():
    samples = np.arange(80_000)
    index = sampling.clips(0, 0, samples, np.full(len(samples), 300), (1, 8))
    step = index[:, 1] - index[:, 0]
    counts = np.bincount(step)[1:]
    assert len(counts) == 8
    assert np.abs(counts - 10_000).max() < 500  # five standard deviations
    starts = np.bincount(index[step == 8, 0])
    assert len(starts) == 300 - 29 * 8  # all starts whose last frame stays inside, including the last one
    assert starts.min() > 80


def test_a_draw_depends_on_its_numbers_only():
    lengths = np.array([100, 300, 500, 700])
    whole = sampling.clips(7, 3, np.arange(4), lengths)
    alone = sampling.clips(7, 3, np.array([2]), lengths[2:3])
    np.testing.assert_array_equal(whole[2:3], alone)
    noise = sampling.mask_noise(7, 3, np.arange(4))
    np.testing.assert_array_equal(noise[[3]], sampling.mask_noise(7, 3, np.array([3])))


@pytest.mark.parametrize("change", [{"seed": 8}, {"epoch": 4}])
def test_seed_and_epoch_change_everything(change):
    numbers = {"seed": 7, "epoch": 3}
    lengths, samples = np.full(100, 10_000), np.arange(100)
    before = sampling.clips(**numbers, samples=samples, lengths=lengths)
    after = sampling.clips(**{**numbers, **change}, samples=samples, lengths=lengths)
    assert (before[:, 0] != after[:, 0]).mean() > 0.95
    assert not np.array_equal(
        sampling.mask_noise(**numbers, samples=samples), sampling.mask_noise(**{**numbers, **change}, samples=samples)
    )


def test_streams_are_independent():
    samples = np.arange(20_000)
    index = sampling.clips(0, 0, samples, np.full(len(samples), 10_000), (1, 8))
    noise = sampling.mask_noise(0, 0, samples)
    correlations = np.corrcoef(np.column_stack([index[:, 0], index[:, 1] - index[:, 0], noise[:, :4]]).T)
    assert np.abs(correlations - np.eye(6)).max() < 0.04


def test_mask_noise_is_uniform_below_one():
    noise = sampling.mask_noise(1, 2, np.arange(50_000))
    assert noise.dtype == np.float32
    assert 0 <= noise.min() < noise.max() < 1
    assert abs(noise.mean() - 0.5) < 0.002
    assert np.abs(np.histogram(noise, 20, (0, 1))[0] / noise.size - 0.05).max() < 0.001


def test_known_values_do_not_move():
    """A golden test: runs from before a change must be continued by the code after it."""
    np.testing.assert_array_equal(
        sampling.clips(0, 0, np.arange(3), np.full(3, 1000))[:, [0, 29]], [[368, 513], [152, 355], [560, 618]]
    )
    np.testing.assert_array_equal(sampling.epoch_order(0, 1, 8), [6, 5, 3, 2, 1, 0, 7, 4])


@given(seed=st.integers(0, 2**40), epoch=st.integers(0, 100), samples=st.integers(1, 500))
def test_an_epoch_visits_every_sample_once(seed, epoch, samples):
    order = sampling.epoch_order(seed, epoch, samples)
    np.testing.assert_array_equal(np.sort(order), np.arange(samples))


def test_orders_of_two_epochs_differ():
    assert not np.array_equal(sampling.epoch_order(0, 0, 100), sampling.epoch_order(0, 1, 100))


@given(
    length=st.integers(30, 400),
    stride=st.integers(1, 60),
    position=st.integers(0, 29),
    boundary=st.sampled_from(sampling.BOUNDARIES),
)
def test_windows_hold_the_target_exactly_once(length, stride, position, boundary):
    targets = np.arange(length)
    index, at_target = sampling.windows(targets, length, stride, 30, position, boundary)
    assert index.min() >= 0
    assert index.max() < length
    np.testing.assert_array_equal(index[np.arange(length), at_target], targets)
    np.testing.assert_array_equal((index == targets[:, None]).sum(1), 1)


@pytest.mark.parametrize("boundary", sampling.BOUNDARIES)
def test_windows_in_the_middle_are_plain(boundary):
    index, at_target = sampling.windows(np.array([500]), 1000, 2, boundary=boundary)
    np.testing.assert_array_equal(index[0], np.arange(470, 530, 2))
    assert at_target[0] == 15


def test_reflection_mirrors_at_both_ends():
    index, _ = sampling.windows(np.array([3, 98]), 100, 1, 5, 2)
    np.testing.assert_array_equal(
        index, [[1, 2, 3, 4, 5], [96, 97, 98, 99, 99]]
    )  # frame 100 mirrors onto the target, 98, so its neighbour stands in


def test_shift_keeps_whole_windows_without_repeats():
    index, at_target = sampling.windows(np.arange(100), 100, 3, boundary="shift")
    assert (np.diff(index, axis=1) == 3).all()
    assert at_target[0] == 0
    assert at_target[99] == 29


@pytest.mark.parametrize(("stride", "pair"), [(2, (2, 2)), ([1, 8], (1, 8)), ((3, 3), (3, 3))])
def test_strides_are_read(stride, pair):
    assert parse_stride(stride) == pair


@pytest.mark.parametrize("stride", [0, -1, 1.5, "2", [1], [1, 2, 3], [4, 2], [0, 3], [1, 2.5], None, [True, 2]])
def test_bad_strides_are_refused(stride):
    with pytest.raises(MaesumError, match="stride is"):
        parse_stride(stride)


def test_short_videos_are_refused():
    with pytest.raises(MaesumError, match="29 frames, but a clip takes 30"):
        sampling.clips(0, 0, np.arange(1), np.array([29]))
    with pytest.raises(MaesumError, match="29 frames, but a window takes 30"):
        sampling.windows(np.arange(3), 29)


def test_a_stride_that_does_not_fit_gives_way_to_the_largest_that_does():
    """Every length: those at which the last frame just fits, or just does not, are few."""
    lengths = np.arange(30, 400)
    found = sampling.clips(0, 0, np.arange(len(lengths)), lengths, stride=(8, 8))
    wanted = [max(step for step in range(1, 9) if 29 * step <= length - 1) for length in lengths]
    assert (found[:, 1] - found[:, 0]).tolist() == wanted
    assert (found.min(axis=1) >= 0).all()
    assert (found.max(axis=1) < lengths).all()

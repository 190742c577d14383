"""Which clips make the batches of an epoch: how the last is filled up, dealt to ranks, and begun again in the middle."""

from __future__ import annotations

import numpy as np
import pytest

from maesum.data.order import ClipBatches, HeldOutBatches, Position


def epoch_of(batches: ClipBatches, epoch: int) -> list[np.ndarray]:
    batches.set_epoch(epoch)
    return [address.samples for address in batches]


@pytest.mark.parametrize("epoch", [0, 3])
def test_the_last_batch_is_filled_up_in_the_next_epochs_order(epoch: int) -> None:
    batches = ClipBatches(num_samples=101, batch_size=8, seed=5)
    this, following = (np.concatenate(epoch_of(batches, number)) for number in (epoch, epoch + 1))
    assert len(this) == 104
    assert sorted(this[:101]) == list(range(101))
    # Further draws from the videos that the next epoch begins with: numbers beyond this epoch's own.
    assert (this[101:] - 101).tolist() == following[:3].tolist()
    assert (this[101:] - 101).tolist() != this[:3].tolist()


@pytest.mark.parametrize(("ranks", "accumulate"), [(2, 1), (1, 3), (2, 3)])
def test_the_clips_of_a_step_are_the_same_for_any_number_of_ranks_and_slices(ranks: int, accumulate: int) -> None:
    whole = epoch_of(ClipBatches(50, 12, seed=1), epoch=2)
    shares = [epoch_of(ClipBatches(50, 12, 1, rank, ranks, accumulate), epoch=2) for rank in range(ranks)]
    together = epoch_of(ClipBatches(50, 12, 1, None, ranks, accumulate), epoch=2)
    for step, clips in enumerate(whole):
        slices = range(step * accumulate, (step + 1) * accumulate)
        dealt = [np.concatenate([share[number] for share in shares]) for number in slices]
        assert np.concatenate(dealt).tolist() == clips.tolist()
        assert [each.tolist() for each in dealt] == [together[number].tolist() for number in slices]


def test_a_resumed_training_goes_on_in_the_middle_of_its_epoch_alone() -> None:
    whole, resumed = ClipBatches(50, 12, seed=1), ClipBatches(50, 12, seed=1, start=Position(2, 3))
    for epoch, first in ((2, 3), (3, 0)):
        wanted, found = epoch_of(whole, epoch)[first:], epoch_of(resumed, epoch)
        assert [each.tolist() for each in found] == [each.tolist() for each in wanted]


@pytest.mark.parametrize("ranks", [1, 2, 7])
def test_held_out_clips_are_dealt_out_once_and_no_rank_is_left_without_a_batch(ranks: int) -> None:
    dealt = [[address.samples for address in HeldOutBatches(17, 4, rank, ranks)] for rank in range(ranks)]
    assert sorted(np.concatenate([each for of_rank in dealt for each in of_rank])) == list(range(17))
    assert all(of_rank for of_rank in dealt)

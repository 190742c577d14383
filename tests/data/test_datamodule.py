"""Batches: the same clips for any number of workers, ranks and accumulation steps, other ones every epoch."""

import numpy as np
import pytest
import torch

from maesum.data import FeatureStore
from maesum.data.datamodule import ClipDataModule
from maesum.data.order import ClipBatches, HeldOutBatches
from maesum.data.statistics import feature_statistics
from maesum.system.errors import MaesumError


def _batches(path, workers=0, epoch=0, **kwargs):
    loader = ClipDataModule(path, batch_size=8, clips_per_video=10, workers=workers, **kwargs).train_dataloader()
    loader.sampler.set_epoch(epoch)
    return list(loader)


def test_workers_do_not_matter(make_features):
    path = make_features()
    alone, with_workers = _batches(path), _batches(path, workers=2)
    assert len(alone) == len(with_workers) == 4  # 30 clips, the last batch filled up
    for one, other in zip(alone, with_workers, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_persistent_loader_moves_on_with_the_epoch(make_features):
    path = make_features()
    loader = ClipDataModule(path, batch_size=8, clips_per_video=10, workers=2).train_dataloader()
    for epoch in range(3):
        loader.sampler.set_epoch(epoch)
        for batch, expected in zip(loader, _batches(path, epoch=epoch), strict=True):
            assert torch.equal(batch.frames, expected.frames)


def test_two_epochs_and_two_seeds_differ(make_features):
    path = make_features()
    first = _batches(path)[0]
    assert not torch.equal(first.mask_noise, _batches(path, epoch=1)[0].mask_noise)
    assert not torch.equal(first.mask_noise, _batches(path, seed=1)[0].mask_noise)


def test_frames_are_the_rows_of_the_store(make_features):
    path = make_features()
    store = FeatureStore(path)
    for batch in _batches(path, stride=(2, 2)):
        assert torch.equal(batch.frames, store.gather(batch.rows))
        assert batch.frames.shape == (8, 30, 8)
        video = np.searchsorted(store.offsets, batch.rows.numpy(), side="right") - 1
        assert (video == video[:, :1]).all()  # a clip never crosses into the next video


@pytest.mark.parametrize(("ranks", "accumulate"), [(1, 1), (2, 1), (1, 4), (2, 2), (4, 1)])
def test_ranks_and_accumulation_share_out_the_same_global_batches(ranks, accumulate):
    whole = [set(address.samples) for address in ClipBatches(100, 16, seed=3)]
    shares = [list(ClipBatches(100, 16, 3, rank, ranks, accumulate)) for rank in range(ranks)]
    assert {len(share) for share in shares} == {len(whole) * accumulate}
    together = list(ClipBatches(100, 16, 3, None, ranks, accumulate))
    for number, address in enumerate(together):
        np.testing.assert_array_equal(address.samples, np.concatenate([share[number].samples for share in shares]))
    for step, expected in enumerate(whole):
        parts = [a for share in shares for a in share[step * accumulate : (step + 1) * accumulate]]
        assert all(len(part.samples) == 16 // (ranks * accumulate) for part in parts)
        assert set(np.concatenate([part.samples for part in parts])) == expected


@pytest.mark.parametrize(("samples", "ranks"), [(1, 2), (17, 2), (16, 3), (40, 4)])
def test_held_out_clips_are_dealt_out_once(samples, ranks):
    dealt = [a.samples for rank in range(ranks) for a in HeldOutBatches(samples, 8, rank, ranks)]
    np.testing.assert_array_equal(np.sort(np.concatenate(dealt)), np.arange(samples))


def test_settings_that_cannot_work_are_named(make_features):
    with pytest.raises(MaesumError, match="an epoch has 3 clips, but batch_size is 8"):
        ClipDataModule(make_features(), batch_size=8).train_dataloader()
    with pytest.raises(MaesumError, match=r"batch_size is 8, wanted a multiple of 3 device"):
        ClipBatches(100, 8, 0, 0, 3)
    with pytest.raises(MaesumError, match=r"short.h5: video 'short_1' has 29 frames, wanted at least 30"):
        ClipDataModule(make_features("short.h5", lengths=(40, 29)))
    with pytest.raises(MaesumError, match="features are 9 wide"):
        ClipDataModule(make_features("a.h5"), held_out=make_features("b.h5", dim=9))


def test_statistics_equal_numpy(make_features):
    store = FeatureStore([make_features("a.h5"), make_features("b.h5")])
    values = store.gather(np.arange(store.offsets[-1])).double().numpy()
    mean, scale = feature_statistics(store, rows_at_once=50)
    np.testing.assert_allclose(mean, values.mean(0), rtol=1e-6)
    deviation = values.std(0)
    lower_median = np.sort(deviation)[(len(deviation) - 1) // 2]
    np.testing.assert_allclose(scale, np.maximum(deviation, lower_median), rtol=1e-6)

"""Residency: the same batches from disk, from host memory and from devices, for any number of ranks."""

import multiprocessing
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from maesum.data import FeatureStore, residency
from maesum.data.datamodule import ClipDataModule
from maesum.data.order import Position
from maesum.data.residency import DeviceFeatures, read_into_host_memory
from maesum.system.errors import MaesumError

CPU = torch.device("cpu")


def _data(path, where, rank=0, ranks=1, accumulate=1, **kwargs):
    data = ClipDataModule(path, batch_size=12, clips_per_video=10, residency=where, **kwargs)
    strategy = SimpleNamespace(root_device=CPU)
    data.trainer = SimpleNamespace(
        global_rank=rank, world_size=ranks, accumulate_grad_batches=accumulate, strategy=strategy
    )
    data.setup("fit")
    return data


def _batches(data):
    loader = data.train_dataloader()
    loader.sampler.set_epoch(3)
    return [data.transfer_batch_to_device(batch, CPU, 0) for batch in loader]


def _same(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert type(one) is type(other)
        for a, b in zip(one, other, strict=True):
            assert a.dtype == b.dtype
            assert torch.equal(a, b)


@pytest.mark.parametrize("where", ["host", "device"])
@pytest.mark.parametrize("shards", [1, 2])
def test_residency_does_not_change_a_batch(make_features, where, shards):
    paths = [str(make_features(f"s{number}.h5")) for number in range(shards)]
    _same(_batches(_data(paths, "disk", accumulate=2)), _batches(_data(paths, where, accumulate=2)))


def test_a_resumed_epoch_goes_on_at_its_batch(make_features):
    path = make_features()
    data = _data(path, "device")
    data.start = Position(3, 2)
    _same(_batches(_data(path, "disk"))[2:], _batches(data))


def _exchange(rank, ranks, rendezvous, path, results):
    """One rank of a job: all its batches, fetched from the parts that the ranks hold."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=ranks)
    data = _data(path, "device", rank, ranks)
    results.put((rank, len(data._on_device.features), [tuple(map(torch.Tensor.numpy, b)) for b in _batches(data)]))
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(("lengths", "ranks"), [((40, 90, 31, 64, 50), 2), ((40, 90), 3)])
def test_ranks_that_hold_a_part_each_see_what_they_would_read_from_disk(make_features, tmp_path, lengths, ranks):
    """With three ranks and two videos, one holds nothing; float16 as stored."""
    path = str(make_features(lengths=lengths))
    context = multiprocessing.get_context("fork")  # spawned, each would take seconds to import torch
    results = context.Queue()
    processes = [
        context.Process(target=_exchange, args=(rank, ranks, tmp_path / "rendezvous", path, results))
        for rank in range(ranks)
    ]
    for process in processes:
        process.start()
    found = {rank: (rows, batches) for rank, rows, batches in (results.get(timeout=60) for _ in processes)}
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert sum(rows for rows, _ in found.values()) == sum(lengths)
    for rank, (rows, batches) in found.items():
        assert rows < sum(lengths)
        expected = _batches(_data(path, "disk", rank, ranks))
        for one, other in zip(batches, expected, strict=True):
            for a, b in zip(one, other, strict=True):
                np.testing.assert_array_equal(a, b.numpy())


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_parts_are_whole_videos_and_nearly_equal(ranks):
    lengths = np.random.default_rng(ranks).integers(30, 300, 500)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    bounds = residency._split_videos(offsets, ranks)
    assert bounds[0] == 0
    assert bounds[-1] == offsets[-1]
    assert set(bounds) <= set(offsets)
    assert np.abs(np.diff(bounds) - offsets[-1] / ranks).max() <= 300


def test_a_set_that_does_not_fit_is_named_before_it_is_read(make_features, monkeypatch):
    store = FeatureStore(make_features())
    monkeypatch.setattr(residency, "_available_memory", lambda: 1000)
    with pytest.raises(MaesumError, match=r"features.h5: the set takes 0.0 GB, but this machine has .*residency=disk"):
        read_into_host_memory(store)
    with pytest.raises(MaesumError, match=r"the part of each device takes .*, but cpu has .*residency=host"):
        DeviceFeatures(store, CPU)
    with pytest.raises(MaesumError, match=r"data.residency is 'gpu', wanted one of disk, host, device"):
        ClipDataModule(store.paths[0], residency="gpu")


def test_every_page_is_touched(tmp_path):
    """The kernel's count of resident pages of the mapping, where it tells."""
    from pathlib import Path

    from maesum.data import write_features

    write_features(tmp_path / "f.h5", ["a"], [20_000], [np.ones((20_000, 256))])
    store = FeatureStore(tmp_path / "f.h5")
    read_into_host_memory(store)
    try:
        blocks = Path("/proc/self/smaps").read_text().split("VmFlags:")
    except OSError:
        pytest.skip("no /proc/self/smaps here")
    (block,) = [block for block in blocks if str(tmp_path / "f.h5") in block]
    fields = {line.split(":")[0]: line.split()[1] for line in block.splitlines() if ":" in line and "kB" in line}
    assert int(fields["Rss"]) >= 0.99 * int(fields["Size"])

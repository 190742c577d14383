"""Kinetics-400's size: opening, shuffling and gathering from a set of 66 million frames, a sparse file of 136 GB."""

from __future__ import annotations

import tempfile
from pathlib import Path

import h5py
import numpy as np

from benchmarks.recording import Row, record, seconds
from maesum.data import FeatureStore, sampling
from maesum.data.datamodule import ClipDataModule
from maesum.data.features import FORMAT, VERSION

VIDEOS, FRAMES, DIM = 241_567, 274, 1024
BATCHES = 20


def write_sparse_set(path: Path) -> None:
    """A features file of that size whose features were never written: holes that read as zeros."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": FORMAT, "version": VERSION, "backbone": "none", "frame_step": 1})
        file["offsets"] = np.arange(VIDEOS + 1, dtype=np.int64) * FRAMES
        ids = [f"video_{number:06d}" for number in range(VIDEOS)]
        file.create_dataset("video_ids", data=ids, dtype=h5py.string_dtype())
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((VIDEOS * FRAMES, DIM))
        h5py.h5d.create(file.id, b"features", h5py.h5t.IEEE_F16LE, space, properties)


def private_megabytes() -> float:
    """Memory of this process that stands for no file: pages of the mapped set are the system's cache."""
    fields = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    return int(fields["Anonymous"].split()[0]) / 1024


def main() -> None:
    """Measure on a sparse file; memory on Linux only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "k400.h5"
        write_sparse_set(path)
        opening = seconds(lambda: FeatureStore(path))
        shuffling = seconds(lambda: sampling.epoch_order(0, 0, VIDEOS))
        batches = iter(ClipDataModule(str(path), batch_size=128).train_dataloader())
        before = private_megabytes()
        for _ in range(BATCHES):
            next(batches)
        grown = private_megabytes() - before
        record(
            "size",
            [
                Row("opening a set of Kinetics-400's size", "s", opening, None, "wanted: under 2 s"),
                Row("shuffling its epoch", "s", shuffling, None, "wanted: no per-sample Python"),
                Row(
                    f"private memory added by {BATCHES} batches from it",
                    "MB",
                    grown,
                    None,
                    "wanted: under 1,500 MB a process",
                ),
            ],
        )

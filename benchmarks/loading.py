"""Loading training clips: one memory-mapped set, beside one HDF5 dataset a video and a DataLoader."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from benchmarks.recording import Row, record
from maesum.data import write_features
from maesum.data.datamodule import ClipDataModule

VIDEOS, FRAMES, DIM, BATCH = 1_000, 274, 1024, 128  # Kinetics videos of 10 s with GoogLeNet features


class PerVideoClips(Dataset[torch.Tensor]):
    """The usual way: a dataset a video, opened in each worker, one strided read a sample."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, None

    def __len__(self) -> int:
        return VIDEOS

    def __getitem__(self, index: int) -> torch.Tensor:
        self.file = self.file or h5py.File(self.path, "r")
        features = self.file[f"video_{index}/features"]
        stride = np.random.randint(1, 9)  # noqa: NPY002 - as public code draws it
        start = np.random.randint(0, FRAMES - 29 * stride)  # noqa: NPY002
        return torch.from_numpy(features[start : start + 29 * stride + 1 : stride].astype(np.float32))


def clips_per_second(batches: Iterator, clips: int) -> float:
    """Throughput after the first batch, which starts workers and maps files."""
    next(batches)
    start, done = time.perf_counter(), 0
    while done < clips:
        done += len(next(batches))
    return done / (time.perf_counter() - start)


def usual(path: Path, workers: int) -> float:
    """The usual way with this many workers."""

    def forever() -> Iterator[torch.Tensor]:
        loader = DataLoader(PerVideoClips(path), BATCH, shuffle=True, drop_last=True, num_workers=workers,
                            persistent_workers=workers > 0)  # fmt: skip
        while True:
            yield from loader

    return clips_per_second(forever(), 6_000)


def ours(path: Path, as_float32: bool) -> float:
    """This project without workers, as stored or converted to what a float32 model takes."""

    def forever() -> Iterator[torch.Tensor]:
        loader = ClipDataModule(str(path), batch_size=BATCH, clips_per_video=20).train_dataloader()
        epoch = 0
        while True:
            loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
            for batch in loader:
                yield batch.frames.float() if as_float32 else batch.frames
            epoch += 1

    return clips_per_second(forever(), 40_000)


def main() -> None:
    """Measure on random features of a thousand videos, in the page cache."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        flat, per_video = Path(folder) / "flat.h5", Path(folder) / "per_video.h5"
        video = rng.random((FRAMES, DIM)).astype(np.float16)
        write_features(flat, [f"v{i}" for i in range(VIDEOS)], [FRAMES] * VIDEOS, (video for _ in range(VIDEOS)))
        with h5py.File(per_video, "w") as file:
            for number in range(VIDEOS):
                file[f"video_{number}/features"] = video.astype(np.float32)
        best = max(usual(per_video, workers) for workers in (0, 2))
        way = "Dataset and DataLoader over one HDF5 dataset a video, the better of 0 and 2 workers"
        record(
            "loading",
            [
                Row("training clips loaded, float16", "clips/s", ours(flat, as_float32=False), best, way),
                Row("training clips loaded, float32", "clips/s", ours(flat, as_float32=True), best, way),
            ],
        )

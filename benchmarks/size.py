"""Kinetics-400's size: opening, shuffling and gathering from a set of 66 million frames, a sparse file of 136 GB."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from benchmarks.recording import Row, record, seconds
from maesum.data import FeatureStore, sampling
from maesum.data.features import FORMAT, VERSION
from maesum.models import MaskedAutoencoder
from maesum.scoring import ScoringSettings, importance

VIDEOS, FRAMES, DIM = 241_567, 274, 1024
#: A model that takes next to nothing itself.
SMALLEST = {
    "encoder_dim": 8, "encoder_depth": 1, "encoder_heads": 1, "decoder_dim": 8, "decoder_depth": 1, "decoder_heads": 1,
}  # fmt: skip


def write_sparse_set(path: Path, videos: int = VIDEOS) -> None:
    """A features file of that size whose features were never written: holes that read as zeros."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": FORMAT, "version": VERSION, "backbone": "none", "frame_step": 1})
        file["offsets"] = np.arange(videos + 1, dtype=np.int64) * FRAMES
        ids = [f"video_{number:06d}" for number in range(videos)]
        file.create_dataset("video_ids", data=ids, dtype=h5py.string_dtype())
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((videos * FRAMES, DIM))
        h5py.h5d.create(file.id, b"features", h5py.h5t.IEEE_F16LE, space, properties)


def private_megabytes(pid: int | str = "self") -> float:
    """Memory of a process that stands for no file: pages of the mapped set are the system's cache.

    From the kernel's own count: to walk the process's pages for it would hold up what maps 136 GB.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


def scoring_megabytes(frames: int, folder: str) -> float:
    """The most private memory that scoring a video of so many frames takes, besides its scores."""
    path = Path(folder) / f"{frames}.f16"
    with path.open("wb") as file:
        file.truncate(frames * DIM * 2)
    features = np.memmap(path, np.float16, mode="r+", shape=(frames, DIM))
    features[:, 0] = 1
    model = MaskedAutoencoder(DIM, **SMALLEST).eval()
    before, most, calls = private_megabytes(), 0.0, 0

    def look(_: int) -> None:
        nonlocal most, calls
        calls += 1
        if calls % 40 == 0:
            most = max(most, private_megabytes() - before)

    importance(model, features, 2, ScoringSettings(every=1), on_progress=look)
    return most


def training_megabytes(path: Path, folder: Path, watched: int = 45) -> float:
    """The most private memory of any process of `python -m maesum.train` on a set, from its first step on.

    Not over a whole epoch: where the set does not fit the memory, the system spends minutes on making room for holes.

    Args:
        watched: seconds of steps.
    """
    run = folder / f"run_{path.stem}"
    options = (
        *(f"model.{name}={value}" for name, value in SMALLEST.items()),
        "data=features", f"data.features={path}", "data.workers=2", "benchmark=[]", "logger=[]", "epochs=100000",
        "warmup_epochs=1", "trainer=demo", "trainer.enable_progress_bar=false", "checkpoint_every_n_steps=10",
        f"hydra.run.dir={run}",
    )  # fmt: skip
    command = [sys.executable, "-m", "maesum.train", *options]
    training = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most, start, until = 0.0, time.monotonic(), math.inf
    try:
        while time.monotonic() < until:
            if training.poll() is not None or time.monotonic() > start + 300:
                raise RuntimeError(f"training on {path} made no step")
            if until == math.inf and (run / "checkpoints" / "last.ckpt").exists():
                until = time.monotonic() + watched
            with suppress(OSError, StopIteration):  # a process that ends while it is looked at
                children = Path(f"/proc/{training.pid}/task/{training.pid}/children").read_text().split()
                most = max(most, *(private_megabytes(pid) for pid in (training.pid, *children)))
            time.sleep(0.5)
    finally:
        training.terminate()  # it saves and ends
        training.wait()
    return most


def main() -> None:
    """Measure on a sparse file; memory on Linux only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "k400.h5"
        write_sparse_set(path)
        opening = seconds(lambda: FeatureStore(path))
        shuffling = seconds(lambda: sampling.epoch_order(0, 0, VIDEOS))
        hundredth = Path(folder) / "hundredth.h5"
        write_sparse_set(hundredth, VIDEOS // 100)
        training, training_small = (training_megabytes(each, Path(folder)) for each in (path, hundredth))
        short, long = (scoring_megabytes(frames, folder) for frames in (20_000, 432_000))
        record(
            "size",
            [
                Row("opening a set of Kinetics-400's size", "s", opening, None, "wanted: under 2 s"),
                Row("shuffling its epoch", "s", shuffling, None, "wanted: no per-sample Python", detail=True),
                Row("private memory of a process training on it", "MB", training, training_small, "a hundredth of it"),
                Row("private memory to score a four-hour video", "MB", long, short, "a video of 11 minutes"),
            ],
        )

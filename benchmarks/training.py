"""Training throughput with the real loader beside the same loop on one fixed batch: what loading costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.recording import Row, record
from maesum.data import write_features
from maesum.data.clips import ClipBatch
from maesum.data.datamodule import ClipDataModule
from maesum.models import random_mask
from maesum.tasks.optim import OptimSettings, adamw
from maesum.tasks.pretraining import Pretraining

VIDEOS, FRAMES, DIM, BATCH = 256, 274, 1024, 32
MODEL = {
    "encoder_dim": 192,
    "encoder_depth": 4,
    "encoder_heads": 3,
    "decoder_dim": 96,
    "decoder_depth": 2,
    "decoder_heads": 3,
}


def clips_per_second(next_batch: Callable[[], ClipBatch], steps: int) -> float:
    """Plain training steps, the same for both ways of getting a batch."""
    torch.manual_seed(0)
    task = Pretraining({"feature_dim": DIM, **MODEL})
    optimizer = adamw(task.model, OptimSettings(), BATCH)
    start = time.perf_counter()
    for step in range(steps + 2):
        if step == 2:
            start = time.perf_counter()
        batch = next_batch()
        frames, mask = batch.frames.float(), random_mask(batch.mask_noise, 0.5)
        loss = (task.model(frames, mask, num_masked=15) - frames)[mask].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return steps * BATCH / (time.perf_counter() - start)


def main() -> None:
    """A small model, so that loading weighs more than it does with the paper's."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.h5"
        video = rng.random((FRAMES, DIM)).astype(np.float16)
        write_features(path, [f"v{i}" for i in range(VIDEOS)], [FRAMES] * VIDEOS, (video for _ in range(VIDEOS)))
        loader = ClipDataModule(str(path), batch_size=BATCH, clips_per_video=20).train_dataloader()
        batches = iter(loader)
        fixed = next(batches)
        # Interleaved, so that whatever else the machine does falls on both.
        pairs = [(clips_per_second(lambda: next(batches), 20), clips_per_second(lambda: fixed, 20)) for _ in range(3)]
        real, same = (max(rates) for rates in zip(*pairs, strict=True))
        record("training", [Row("training, small model, real loader", "clips/s", real, same, "one fixed batch")])

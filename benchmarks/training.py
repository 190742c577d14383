"""Training throughput with the real loader beside the same loop on one fixed batch: what loading costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import lightning as L
import numpy as np
import torch
from lightning.pytorch.loggers import CSVLogger

from benchmarks.recording import Row, record
from maesum.data import write_features
from maesum.data.clips import ClipBatch
from maesum.data.datamodule import ClipDataModule
from maesum.methods.pretraining import Pretraining
from maesum.training.checkpointing import LastCheckpoint
from maesum.training.monitoring import SamplesSeen
from maesum.training.optim import OptimSettings, adamw

VIDEOS, FRAMES, DIM, BATCH = 256, 274, 1024, 32
MODEL = {
    "encoder_dim": 192,
    "encoder_depth": 4,
    "encoder_heads": 3,
    "decoder_dim": 96,
    "decoder_depth": 2,
    "decoder_heads": 3,
}


def clips_per_second(ways: Sequence[Callable[[], ClipBatch]], steps: int) -> list[float]:
    """Plain training steps, a step of each way in turn, so that whatever else the machine does falls on all."""
    torch.manual_seed(0)
    task = Pretraining({"feature_dim": DIM, **MODEL})
    optimizer = adamw(task.model, OptimSettings(), BATCH)
    took = np.zeros((steps + 2, len(ways)))
    for step in range(steps + 2):
        for number, next_batch in enumerate(ways):
            start = time.perf_counter()
            batch = next_batch()
            loss = task.training_loss(batch.frames, batch.mask_noise)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            took[step, number] = time.perf_counter() - start
    return (BATCH / np.median(took[2:], axis=0)).tolist()


def losses(batches: list[ClipBatch], mode: str | None = None, precision: str = "32", device: str = "cpu") -> np.ndarray:
    """The losses of plain steps over these batches, from the same start."""
    torch.manual_seed(0)
    task = Pretraining({"feature_dim": DIM, **MODEL}).to(device)
    if mode is not None:
        task.compile_step(mode)
    optimizer = adamw(task.model, OptimSettings(), BATCH)
    values = []
    for batch in batches:
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            loss = task.training_loss(batch.frames.to(device), batch.mask_noise.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    return np.array(values)


def loss_gaps(batches: list[ClipBatch], ways: dict[str, dict[str, str]], device: str = "cpu") -> list[Row]:
    """How far the losses of other ways to compute a step are from those of float32, eager."""
    eager = losses(batches, device=device)
    where = "cpu" if device == "cpu" else torch.cuda.get_device_name()
    gaps = {name: float(np.abs(losses(batches, **way, device=device) / eager - 1).max()) for name, way in ways.items()}
    what = f"largest relative gap of the loss over {len(batches)} steps"
    return [Row(f"{what}, {name}", "", gap, None, "float32, eager", where, detail=True) for name, gap in gaps.items()]


def loop_seconds() -> float:
    """What the host does in a step besides the model: the loop, its callbacks, the loader, the checks, the optimiser.

    On a GPU this goes on beside the device's work, so it has to be shorter. With device residency, whose loader only
    draws; the features are narrow, since a GPU gathers them itself, and the loss needs no product.
    """
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.h5"
        write_set(path, dim=8)
        data = ClipDataModule(str(path), batch_size=128, clips_per_video=500, residency="device")
        task = Pretraining({"feature_dim": 8, **MODEL}, warmup_epochs=0)
        task.training_loss = lambda frames, noise: task.model.mask_token.square().sum()
        trainer = L.Trainer(
            max_epochs=1, accelerator="cpu", devices=1, logger=CSVLogger(folder), num_sanity_val_steps=0,
            callbacks=[LastCheckpoint(Path(folder) / "last.ckpt"), SamplesSeen(128)], limit_val_batches=0,
            use_distributed_sampler=False, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        start = time.perf_counter()
        trainer.fit(task, data)
        return (time.perf_counter() - start) / trainer.global_step


def write_set(path: Path, dim: int) -> None:
    """Random features."""
    rng = np.random.default_rng(0)
    videos = (rng.random((FRAMES, dim)).astype(np.float16) for _ in range(VIDEOS))
    write_features(path, [f"v{i}" for i in range(VIDEOS)], [FRAMES] * VIDEOS, videos)


def main() -> None:
    """A small model, so that loading weighs more than it does with the paper's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.h5"
        write_set(path, DIM)
        loader = ClipDataModule(str(path), batch_size=BATCH, clips_per_video=30).train_dataloader()
        batches = iter(loader)
        fixed = next(batches)
        real, same = clips_per_second((lambda: next(batches), lambda: fixed), 100)
        steps = [batch for batch, _ in zip(loader, range(200), strict=False)]
    gaps = loss_gaps(steps, {"compile=default": {"mode": "default"}, "bfloat16": {"precision": "bf16"}})
    loop = loop_seconds()
    record(
        "training",
        [
            Row("training, small model, real loader", "clips/s", real, same, "one fixed batch"),
            Row("a training step besides the model", "s", loop, None, "wanted: well under 5 ms, a step on a GPU"),
            *gaps,
        ],
    )

"""Training throughput with the real loader beside the same loop on one fixed batch: what loading costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.recording import Row, record
from maesum.data import write_features
from maesum.data.clips import ClipBatch
from maesum.data.datamodule import ClipDataModule
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


def losses(batches: list[ClipBatch], mode: str | None = None, precision: str = "32") -> np.ndarray:
    """The losses of plain steps over these batches, from the same start."""
    torch.manual_seed(0)
    task = Pretraining({"feature_dim": DIM, **MODEL})
    if mode is not None:
        task.compile_step(mode)
    optimizer = adamw(task.model, OptimSettings(), BATCH)
    values = []
    for batch in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = task.training_loss(batch.frames, batch.mask_noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    return np.array(values)


def gpu_rows() -> list[Row]:
    """Milliseconds of a step of the base model on 128 clips that reside on the GPU, by how it is compiled."""
    what = "training step, base model, 128 clips, bf16"
    if not torch.cuda.is_available():
        return [
            Row(f"{what}, compile={mode}", "s", None, None, "eager", "one GPU")
            for mode in ("default", "reduce-overhead")
        ]
    from benchmarks.scoring import matrix_rate

    device, took = torch.device("cuda"), {}
    rows = torch.randn(100_000, DIM, device=device).half()
    for mode in (None, "default", "reduce-overhead"):
        task = Pretraining({"feature_dim": DIM}).to(device)
        if mode is not None:
            task.compile_step(mode)
        optimizer = adamw(task.model, OptimSettings(), 128)
        times = []
        for step in range(60):
            if step % 20 == 0:
                torch.cuda.synchronize()
                times.append(time.perf_counter())
            index = torch.randint(len(rows), (128 * 30,), device=device)
            with torch.autocast("cuda", torch.bfloat16):
                loss = task.training_loss(rows[index].view(128, 30, DIM), torch.rand(128, 30, device=device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.cuda.synchronize()
        took[mode] = (time.perf_counter() - times[-1]) / 20
    name = torch.cuda.get_device_name()
    floor = 3 * 128 * task.model.forward_operations(15, 15) / matrix_rate(device, torch.bfloat16)
    return [
        Row(
            f"{what}, compile={mode}",
            "s",
            took[mode],
            took[None],
            f"eager; {floor / took[mode]:.0%} of the measured matrix rate",
            name,
        )
        for mode in ("default", "reduce-overhead")
    ]


def main() -> None:
    """A small model, so that loading weighs more than it does with the paper's."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.h5"
        videos = (rng.random((FRAMES, DIM)).astype(np.float16) for _ in range(VIDEOS))
        write_features(path, [f"v{i}" for i in range(VIDEOS)], [FRAMES] * VIDEOS, videos)
        loader = ClipDataModule(str(path), batch_size=BATCH, clips_per_video=30).train_dataloader()
        batches = iter(loader)
        fixed = next(batches)
        real, same = clips_per_second((lambda: next(batches), lambda: fixed), 100)
        steps = [batch for batch, _ in zip(loader, range(200), strict=False)]
    eager = losses(steps)
    gaps = {
        "compile=default": np.abs(losses(steps, mode="default") / eager - 1).max(),
        "bfloat16": np.abs(losses(steps, precision="bf16") / eager - 1).max(),
    }
    way = "float32, eager"
    record(
        "training",
        [
            Row("training, small model, real loader", "clips/s", real, same, "one fixed batch"),
            *(
                Row(f"largest relative gap of the loss over 200 steps, {name}", "", float(gap), None, way)
                for name, gap in gaps.items()
            ),
            *gpu_rows(),
        ],
    )

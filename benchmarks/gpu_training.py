"""Training on a GPU: a step by how it is compiled, its losses, and the whole command at the size of Kinetics."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.recording import Row, record
from benchmarks.scoring import matrix_rate
from benchmarks.training import loss_gaps
from maesum.data import write_features
from maesum.data.clips import ClipBatch
from maesum.methods.pretraining import Pretraining
from maesum.training.optim import OptimSettings, adamw

DIM, BATCH = 1024, 128
#: Optimiser steps of 200 epochs of 77,157 videos, the paper's default pretraining on Mini-Kinetics-200.
MK200_STEPS = 200 * -(-77_157 // BATCH)
#: By what a step is called in the table: compile=, eager first.
MODES = {"eager": None, "compile=default": "default", "compile=reduce-overhead": "reduce-overhead"}
GAPS = {
    "bfloat16": {"precision": "bf16"},
    "bfloat16, compile=reduce-overhead": {"precision": "bf16", "mode": "reduce-overhead"},
}


def seconds_of_a_step(mode: str | None, model: dict[str, int], device: str, steps: int = 300) -> float:
    """A plain bfloat16 step on clips that reside on the device: the mean of the last third of the steps."""
    task = Pretraining({"feature_dim": DIM, **model}).to(device)
    if mode is not None:
        task.compile_step(mode)
    optimizer = adamw(task.model, OptimSettings(), BATCH)
    rows = torch.randn(100_000, DIM, device=device).half()
    start = 0.0
    for step in range(steps):
        if step == steps - steps // 3:
            _finish(device)
            start = time.perf_counter()
        index = torch.randint(len(rows), (BATCH * 30,), device=device)
        with torch.autocast(device, torch.bfloat16):
            loss = task.training_loss(rows[index].view(BATCH, 30, DIM), torch.rand(BATCH, 30, device=device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    _finish(device)
    return (time.perf_counter() - start) / (steps // 3)


def step_rows(model: dict[str, int], device: str) -> list[Row]:
    """Each way to compile a step beside the eager one, and its share of what matrix products alone reach."""
    took = {name: seconds_of_a_step(mode, model, device) for name, mode in MODES.items()}
    operations = 3 * BATCH * Pretraining({"feature_dim": DIM, **model}).model.forward_operations(15, 15)
    floor = operations / matrix_rate(torch.device(device), torch.bfloat16)
    return [
        Row(f"{_STEP}, {name}", "s", took[name], took["eager"], f"eager; {floor / took[name]:.0%} of the matrix rate",
            _name(device))
        for name in MODES if name != "eager"
    ]  # fmt: skip


def command_rows(options: tuple[str, ...], usual: tuple[str, ...], epochs: int, where: str, videos: int) -> list[Row]:
    """`python -m maesum.train` as a user starts it, timed by its own log and from its start to its end.

    Args:
        options: the fast way to train; `usual`: the plain one.
        epochs: of 500 steps on 2,000 videos.
    """
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arrays = (rng.standard_normal((274, DIM), np.float32) for _ in range(videos))
        write_features(folder / "f.h5", [f"v{number}" for number in range(videos)], [274] * videos, arrays)
        ways = {"fast": options, "usual": usual}
        timed = {way: _train(folder, way, chosen, epochs) for way, chosen in ways.items()}
    (step, rest), (usual_step, usual_rest) = timed["fast"], timed["usual"]
    minutes, usual_minutes = (
        (MK200_STEPS * each + others) / 60 for each, others in ((step, rest), (usual_step, usual_rest))
    )
    plainly = "the same without compile= and data.residency=device"
    return [
        Row(_COMMAND, "s", step, usual_step, f"{plainly}, a step", where),
        Row(_MK200, "min", minutes, usual_minutes, f"{plainly}; its steps at that speed, and the start", where),
    ]


def _train(folder: Path, way: str, options: tuple[str, ...], epochs: int) -> tuple[float, float]:
    """Seconds of a step in the last epochs, and of all that is no step."""
    run = folder / way
    fixed = (
        "data=features", f"data.features={folder / 'f.h5'}", "data.clips_per_video=32", f"batch_size={BATCH}",
        f"epochs={epochs}", "warmup_epochs=1", "benchmark=[]", "figures=false", f"hydra.run.dir={run}",
    )  # fmt: skip
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "maesum.train", *fixed, *options], check=True, stdout=subprocess.DEVNULL)
    whole = time.perf_counter() - start
    with (run / "log" / "metrics.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("train/clips_per_second")]
    step = BATCH / float(np.median([float(row["train/clips_per_second"]) for row in rows[len(rows) // 2 :]]))
    return step, max(whole - step * int(rows[-1]["step"]), 0.0)


_STEP = "training step, base model, 128 clips, bf16"
_COMMAND = "step of python -m maesum.train trainer=gpu compile=reduce-overhead data.residency=device"
_MK200 = "the same on all of Mini-Kinetics-200, 200 epochs"


def missing_rows() -> list[Row]:
    """What is not measured where there is no GPU."""
    steps = [f"{_STEP}, {name}" for name in MODES if name != "eager"]
    gaps = [f"largest relative gap of the loss over 200 steps, {name}" for name in GAPS]
    rows = [Row(what, "s", None, None, "eager", _ONE) for what in steps]
    rows += [Row(what, "", None, None, "float32, eager", _ONE, detail=True) for what in gaps]
    return [*rows, Row(_COMMAND, "s", None, None, "eager, from disk", _ONE),
            Row(_MK200, "min", None, None, "wanted: 10 minutes", _ONE)]  # fmt: skip


_ONE = "one GPU"


def main() -> None:
    """All rows where there is a GPU."""
    if not torch.cuda.is_available():
        record("gpu_training", missing_rows())
        return
    batches = [
        ClipBatch(torch.randn(32, 30, DIM).half(), torch.rand(32, 30), torch.zeros(32, 30, dtype=torch.int64))
        for _ in range(200)
    ]
    rows = step_rows({}, "cuda") + loss_gaps(batches, GAPS, "cuda")
    record("gpu_training", [*rows, *missing_rows()[len(rows) :]])  # kept if the command below does not end in time
    gpu = ("model=base", "trainer=gpu")
    fast = (*gpu, "compile=reduce-overhead", "data.residency=device")
    record("gpu_training", rows + command_rows(fast, gpu, 4, _name("cuda"), 2_000))


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"

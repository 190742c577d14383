"""Training that is killed at random moments and resumed, compared with training that was never stopped."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from tests.commands import maesum_here

#: About five seconds of training, more than half of it in optimiser steps, with checkpoints within epochs.
TRAINING = (
    "+experiment=rand_stride", "+scale=demo", "benchmark=[]", "figures=false", "trainer.enable_progress_bar=false",
    "epochs=3", "warmup_epochs=1", "batch_size=16", "data.clips_per_video=4", "checkpoint_every_n_steps=7",
    "model.encoder_dim=32", "model.encoder_depth=2", "model.encoder_heads=2", "model.decoder_dim=16",
    "model.decoder_depth=1", "model.decoder_heads=2",
)  # fmt: skip

#: Ways to train that resuming must not disturb: overrides by name.
WAYS = {
    "one process": (),
    "accumulation": ("trainer.accumulate_grad_batches=4",),
    "loader processes": ("data.workers=2",),
    "two ranks": ("trainer.devices=2", "trainer.strategy=ddp"),
    "two ranks, accumulation": ("trainer.devices=2", "trainer.strategy=ddp", "trainer.accumulate_grad_batches=2"),
}

_LIMIT_SECONDS = 180


def start(folder: Path, cache: Path, *overrides: str) -> subprocess.Popen[str]:
    """Start `python -m maesum.train` with the run's folder `folder`, in a process group of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MAESUM_CACHE": str(cache)}
    environment.pop("HYDRA_FULL_ERROR", None)
    return subprocess.Popen(
        [sys.executable, "-m", "maesum.train", *TRAINING, f"hydra.run.dir={folder}", *overrides],
        cwd=folder.parent, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for the end of a run.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    try:
        stdout, stderr = process.communicate(timeout=_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    if process.returncode:
        raise RuntimeError(f"training ended with {process.returncode}:\n{stdout}\n{stderr}")


def wait_for_checkpoint(process: subprocess.Popen[str], run: Path) -> None:
    """Wait until a training has written its first checkpoint.

    Raises:
        RuntimeError: it ended before; with what it printed.
    """
    while not (run / "checkpoints" / "last.ckpt").exists():
        if process.poll() is not None:
            raise RuntimeError(f"training ended with {process.returncode}: {process.communicate()}")
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to the whole process group: ranks and loader processes too."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def train_whole(folder: Path, cache: Path, way: str) -> dict[str, torch.Tensor]:
    """The final weights of a training that is never stopped; one that is a single process runs within this one."""
    if way == "one process":
        done = maesum_here("train", *TRAINING, f"hydra.run.dir={folder}", folder=folder.parent, cache=cache)
        if done.returncode:
            raise RuntimeError(f"training ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    else:
        finish(start(folder, cache, *WAYS[way]))
    return weights(folder)


def train_killed(folder: Path, cache: Path, overrides: tuple[str, ...], kills: int, seed: int) -> list[str]:
    """Train to the end through `kills` SIGKILLs at random moments, resuming with ckpt=last.

    Returns:
        Where each kill hit, for people.
    """
    draw = random.Random(seed)
    checkpoint = folder / "checkpoints" / "last.ckpt"
    moments = []
    for _ in range(kills):
        before = _written(checkpoint)
        process = start(folder, cache, *overrides, *_resume(checkpoint))
        while process.poll() is None and _written(checkpoint) == before:
            time.sleep(0.02)  # until it trains and has written something new
        time.sleep(draw.uniform(0, 1.5))
        if process.poll() is not None:
            process.communicate()
            moments.append("after the end")
            continue
        kill(process)
        content = torch.load(checkpoint, weights_only=True) if checkpoint.exists() else {}
        moments.append(f"epoch {content.get('epoch')}, step {content.get('global_step')}")
    finish(start(folder, cache, *overrides, *_resume(checkpoint)))
    return moments


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The final weights of a run."""
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def same_bits(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Whether two sets of weights are equal to the bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def _resume(checkpoint: Path) -> tuple[str, ...]:
    return ("ckpt=last",) if checkpoint.exists() else ()


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0

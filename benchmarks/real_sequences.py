"""Does it learn on real videos? Pretrain on 70 of the 84 public descriptor sequences, report on the other 14.

The sequences (github theopsall/Video-Summarization, Apache-2.0) are hand-made descriptors, 88 channels at five a
second, many of them detection counts that are nearly always zero. They lie under $MAESUM_SHARED; without them nothing
is run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.recording import Row, record
from maesum.data.datamodule import ClipDataModule
from maesum.models import MaskedAutoencoder, random_mask
from maesum.models.trivial import interpolation, visible_mean
from maesum.training.checkpoints import load_autoencoder

SEQUENCES = Path(os.environ.get("MAESUM_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data" / "sequences"
RECIPE = (
    "+experiment=rand_stride", "model=tiny", "model.encoder_dim=192", "model.decoder_dim=192", "optim.base_lr=4e-3",
    "data=features", "data.features=train.h5", "data.standardize=true", "data.clips_per_video=20", "data.workers=0",
    "epochs=200", "warmup_epochs=10", "trainer=demo", "trainer.log_every_n_steps=50", "benchmark=[]", "logger=[]",
    "hydra.run.dir=run",
)  # fmt: skip


def command(folder: Path, module: str, *arguments: str) -> None:
    """Run one of the project's commands as a user does."""
    subprocess.run([sys.executable, "-m", f"maesum.{module}", *arguments], cwd=folder, check=True)


def held_out_errors(model: MaskedAutoencoder, data: ClipDataModule) -> dict[str, Tensor]:
    """Mean squared error of each channel on masked frames of held-out clips, standardised: [D] each."""
    ways = {"model": model, "interpolation": interpolation, "mean": visible_mean}
    total = {name: torch.zeros(data.store.dim) for name in ways}
    masked = 0
    for batch in data.val_dataloader():
        frames, mask = batch.frames.float(), random_mask(batch.mask_noise, 0.5)
        masked += int(mask.sum())
        for name, reconstruct in ways.items():
            with torch.inference_mode():
                error = model.standardize(reconstruct(frames, mask)) - model.standardize(frames)
            total[name] += error[mask].square().sum(0)
    return {name: value / masked for name, value in total.items()}


def main() -> None:
    """Prepare, train, measure."""
    if not SEQUENCES.is_dir():
        print(f"skipped: no sequences at {SEQUENCES}; set MAESUM_SHARED")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held_out = sorted(path.stem for path in SEQUENCES.glob("*/*_05.npy"))  # the last of each of 14 categories
        (folder / "held_out.txt").write_text("\n".join(held_out) + "\n", encoding="utf-8")
        options = ("source=npy", f"input={SEQUENCES}", "source.dtype=float32", "source.fps=5")
        command(folder, "prepare", *options, "out=train.h5", "source.exclude=held_out.txt")
        command(folder, "prepare", *options, "out=held_out.h5", "source.only=held_out.txt")
        command(folder, "train", *RECIPE)
        model = load_autoencoder(folder / "run" / "checkpoints" / "last.ckpt")
        train, test = str(folder / "train.h5"), str(folder / "held_out.h5")
        errors = held_out_errors(model, ClipDataModule(train, held_out=test, held_out_clips_per_video=40))
    ours, line, mean = (errors[name] for name in ("model", "interpolation", "mean"))
    worst = int((ours - line).argmax())
    others = torch.arange(len(ours)) != worst
    what = "masked error of 14 real videos not trained on"
    record(
        "real_sequences",
        [
            Row(what, "error", float(ours.mean()), float(mean.mean()), "mean of the visible frames"),
            Row(what, "error", float(ours.mean()), float(line.mean()), "interpolation"),
            Row(
                f"{what}, median channel",
                "error",
                float(ours.median()),
                float(line.median()),
                "interpolation",
                detail=True,
            ),
            Row(
                f"{what}, without channel {worst}, a rare detection",
                "error",
                float(ours[others].mean()),
                float(line[others].mean()),
                "interpolation",
            ),
            Row(
                "channels of 88 where the model beats interpolation",
                "channels",
                float((ours < line).sum()),
                None,
                "-",
                detail=True,
            ),
        ],
    )

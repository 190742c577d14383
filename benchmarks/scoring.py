"""Scoring frames: windows in batches beside one at a time, what shortcuts cost in ranking, and the rate on a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.recording import Row, record, seconds
from maesum.data import Benchmark, FeatureStore
from maesum.metrics import rank_correlation
from maesum.models import MaskedAutoencoder
from maesum.scoring import Reconstructor, ScoringSettings, importance
from maesum.training.checkpoints import load_autoencoder

FRAMES, DIM = 128, 1024
SHORTCUTS = {
    "every frame, float32": ScoringSettings(),
    "precision=bf16": ScoringSettings(precision="bf16"),
    **{f"every={k}": ScoringSettings(every=k) for k in (2, 4, 8)},
}


def main() -> None:
    """Speed on random features with the base model, ranking on the demo with a model trained on it."""
    torch.manual_seed(0)
    model = MaskedAutoencoder(DIM).eval()
    features = np.random.default_rng(0).random((FRAMES, DIM)).astype(np.float32)

    def whole(frames: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return model(frames, mask, num_masked=1)  # every token decoded, every window embedded anew

    def rate(scorer: Reconstructor, settings: ScoringSettings, frames: int = FRAMES) -> float:
        targets = None if frames == FRAMES else np.arange(frames)
        return frames / seconds(lambda: importance(scorer, features, 2, settings, targets=targets), repeats=3)

    batched, eager, looped = rate(model, ScoringSettings()), rate(whole, ScoringSettings()), rate(whole, _ONE, 16)
    matrix, operations = matrix_rate(torch.device("cpu"), torch.float32), model.forward_operations(29, 1)
    what = "frames scored, base model"
    rows = [
        Row(what, "frames/s", batched, looped, "one window at a time"),
        Row(what, "frames/s", batched, eager, "the whole model on the same batches"),
        Row(
            what,
            "frames/s",
            batched,
            matrix / operations,
            f"the measured {matrix / 1e9:.0f} GFLOP/s of products",
            detail=True,
        ),
        Row(f"{what}, precision=bf16", "frames/s", rate(model, SHORTCUTS["precision=bf16"]), batched, "float32"),
    ]
    rows += [
        Row(
            f"{what}, scoring.every={k}",
            "frames/s",
            rate(model, SHORTCUTS[f"every={k}"]),
            batched,
            "every frame",
            detail=k != 4,
        )
        for k in (2, 4, 8)
    ]
    rows += ranking_rows()
    rows.append(_on_gpu(model) if torch.cuda.is_available() else _GPU_MISSING)
    record("scoring", rows)


#: Shortcuts whose agreement stands in the README.
_SHOWN = ("precision=bf16", "every=4")
_ONE = ScoringSettings(batch_size=1)
_GPU_MISSING = Row("frames scored, base model, bf16", "frames/s", None, None, "the measured matrix rate", "one GPU")


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of large matrix products: on a GPU what it keeps up over many, not what one peaks at."""
    size, products = (8192, 200) if device.type == "cuda" else (2048, 1)
    one, other = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))

    def multiply() -> None:
        for _ in range(products):
            one @ other
        if device.type == "cuda":
            torch.cuda.synchronize()

    multiply()
    return products * 2 * size**3 / seconds(multiply, repeats=5)


def ranking_rows() -> list[Row]:
    """What each shortcut does to the ranking of a model trained on the demo: against its own full scores, and against
    the demo's annotators."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "maesum.train", "+experiment=rand_stride", "+scale=demo", "figures=false"]
        environment = os.environ | {"MAESUM_CACHE": name}
        subprocess.run(
            [*command, "hydra.run.dir=run"], check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL
        )
        model = load_autoencoder(folder / "run" / "checkpoints" / "last.ckpt")
        store, benchmark = FeatureStore(folder / "demo" / "benchmark.h5"), Benchmark(folder / "demo" / "annotations.h5")
        videos = [(store[video].clone(), benchmark[video].user_scores) for video in benchmark.video_ids]
    usual, *shortcuts = SHORTCUTS
    full = [importance(model, features, 2, SHORTCUTS[usual]) for features, _ in videos]
    rows, tau = [], _mean_tau(full, [users for _, users in videos])
    for shortcut in shortcuts:
        scores = [importance(model, features, 2, SHORTCUTS[shortcut]) for features, _ in videos]
        agreement = _mean_tau(scores, [exact[None] for exact in full])
        rows.append(
            Row(
                f"tau to every frame's scores, scoring.{shortcut}",
                "",
                agreement,
                None,
                "1 is the same ranking",
                detail=shortcut not in _SHOWN,
            )
        )
        against = _mean_tau(scores, [users for _, users in videos])
        rows.append(Row(f"tau on the demo, scoring.{shortcut}", "", against, tau, usual, detail=True))
    return rows


def _mean_tau(scores: list[np.ndarray], others: list[np.ndarray]) -> float:
    pairs = zip(scores, others, strict=True)
    return float(np.mean([rank_correlation(one, other).tau.mean() for one, other in pairs]))


def _on_gpu(model: MaskedAutoencoder) -> Row:
    device = torch.device("cuda")
    features = np.random.default_rng(0).random((20_000, DIM)).astype(np.float16)
    model = model.to(device)
    settings = ScoringSettings(precision="bf16")
    importance(model, features[:2048], 2, settings)
    frames = len(features) / seconds(lambda: importance(model, features, 2, settings))
    matrix = matrix_rate(device, torch.bfloat16)
    name = torch.cuda.get_device_name()
    way = f"the measured {matrix / 1e12:.0f} TFLOP/s of products"
    return Row(
        "frames scored, base model, bf16", "frames/s", frames, matrix / model.forward_operations(29, 1), way, name
    )

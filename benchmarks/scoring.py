"""Scoring frames on a CPU, base model: batched windows beside one window at a time, and what a lent GPU would show."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.recording import Row, record, seconds
from maesum.models import MaskedAutoencoder
from maesum.scoring import ScoringSettings, importance

FRAMES, DIM = 192, 1024


def main() -> None:
    """Measure the base model on random features; the GPU row runs where there is a GPU."""
    torch.manual_seed(0)
    model = MaskedAutoencoder(DIM).eval()
    features = np.random.default_rng(0).random((FRAMES, DIM)).astype(np.float32)
    batched = seconds(lambda: importance(model, features, 2, ScoringSettings(batch_size=64)), repeats=2)
    few = np.arange(16)
    looped = seconds(lambda: importance(model, features, 2, ScoringSettings(batch_size=1), targets=few), repeats=2)
    rows = [
        Row(
            "frames scored, base model",
            "frames/s",
            FRAMES / batched,
            len(few) / looped,
            "one window at a time, same code",
        )
    ]
    thinned = seconds(lambda: importance(model, features, 2, ScoringSettings(batch_size=64, every=4)), repeats=2)
    rows.append(
        Row("frames scored, base model, scoring.every=4", "frames/s", FRAMES / thinned, FRAMES / batched, "every frame")
    )
    rows.append(_on_gpu(model) if torch.cuda.is_available() else _GPU_MISSING)
    record("scoring", rows)


_GPU_MISSING = Row("frames scored, base model, bf16", "frames/s", None, None, "float32", "one GPU")


def _on_gpu(model: MaskedAutoencoder) -> Row:
    features = np.random.default_rng(0).random((20_000, DIM)).astype(np.float16)
    model = model.cuda()
    rate = {}
    for precision in ("bf16", "32"):
        settings = ScoringSettings(batch_size=1024, precision=precision)
        rate[precision] = len(features) / seconds(lambda s=settings: importance(model, features, 2, s))
    name = torch.cuda.get_device_name()
    return Row("frames scored, base model, bf16", "frames/s", rate["bf16"], rate["32"], "float32", name)

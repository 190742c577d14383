"""Small fixed computations whose results are stored: weights and inputs from formulas, so no generator can move them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from maesum.data import sampling
from maesum.metrics.highlights import highlight_precision
from maesum.metrics.keyshots import f1_scores, keyshot_summary, user_summaries
from maesum.metrics.protocols import defined_for, protocol_correlation
from maesum.metrics.shots import uniform_shots
from maesum.models import MaskedAutoencoder, random_mask
from maesum.scoring import ScoringSettings, importance
from maesum.training.optim import warmup_cosine

_WIDTH = 6


def waves(*shape: int, phase: float = 0.0) -> np.ndarray:
    """Numbers in [-1, 1] without a period that fits the shape: float64."""
    count = int(np.prod(shape))
    return np.sin(0.7 * np.arange(count) + 0.013 * np.arange(count) ** 1.5 + phase).reshape(shape)


def fixed_model(stream: str) -> MaskedAutoencoder:
    """A small autoencoder whose every weight is a wave."""
    width = 8 if stream == "projected" else _WIDTH
    model = MaskedAutoencoder(
        _WIDTH, frames=10, encoder_dim=width, encoder_depth=2, encoder_heads=2, decoder_dim=width, decoder_depth=1,
        decoder_heads=2, stream=stream,
    )  # fmt: skip
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            nn.init.ones_(parameter)
            parameter.mul_(0.3 * torch.from_numpy(waves(*parameter.shape, phase=number)).float())
    return model.eval()


def model_case() -> dict[str, Any]:
    """The reconstruction and the loss of both streams."""
    frames = torch.from_numpy(waves(2, 10, _WIDTH)).float()
    mask = random_mask(torch.from_numpy(waves(2, 10, phase=1.0)), 0.5)
    results: dict[str, Any] = {"mask": mask.int().tolist()}
    for stream in ("projected", "feature"):
        with torch.no_grad():
            reconstruction = fixed_model(stream)(frames, mask)
        per_frame = (reconstruction - frames).square().mean(dim=2)
        results[stream] = {
            "last_frame": reconstruction[1, 9].tolist(),
            "mean": float(reconstruction.mean()),
            "loss": float((per_frame * mask).sum() / mask.sum()),
        }
    return results


def schedule_case() -> dict[str, Any]:
    """The learning rate over 20 steps, 5 of them warm-up, relative to the peak."""
    return {"rates": [warmup_cosine(step, 20, 5, 2e-4, 1e-6) for step in range(20)]}


def sampling_case() -> dict[str, Any]:
    """Which frames and which noise numbers (seed, epoch, sample) stand for."""
    samples, lengths = np.array([0, 7, 123_456]), np.array([40, 300, 31])
    return {
        "clips": sampling.clips(3, 2, samples, lengths, (1, 8), 30)[:, [0, 1, 29]].tolist(),
        "noise": sampling.mask_noise(3, 2, samples, 3).tolist(),
        "order": sampling.epoch_order(3, 2, 12).tolist(),
        "window": sampling.windows(np.array([1, 20]), 40, 2, 10, 5).frame_index.tolist(),
    }


def scores_case() -> dict[str, Any]:
    """The importance of every frame of a short video, with each way of meeting its ends."""
    features = waves(14, _WIDTH, phase=2.0)
    model = fixed_model("projected")
    return {
        boundary: importance(model, features, 1, ScoringSettings(5, boundary)).tolist()
        for boundary in sampling.BOUNDARIES
    }


def metrics_case() -> dict[str, Any]:
    """Every protocol, F1 and highlight precision of one prediction."""
    prediction = waves(240, phase=3.0).round(2)
    ratings = np.repeat(1 + np.abs(4 * waves(3, 8, phase=4.0)).round(), 30, axis=1)
    shots = uniform_shots(240, 24)
    results: dict[str, Any] = {}
    for kind, scores in (("ratings", ratings), ("selections", (ratings > 3).astype(float))):
        for name in defined_for(kind):
            found = protocol_correlation(name, kind, prediction, scores, shots)
            results[f"{kind}/{name}"] = {"tau": found.tau.tolist(), "rho": found.rho.tolist()}
        summaries = user_summaries(scores, shots, kind)
        results[f"{kind}/f1"] = f1_scores(keyshot_summary(prediction, shots), summaries).tolist()
    results["map50"] = highlight_precision(prediction, ratings, fps=15.0, share=0.5)
    return results


CASES = {
    "model": model_case,
    "schedule": schedule_case,
    "sampling": sampling_case,
    "scores": scores_case,
    "metrics": metrics_case,
}

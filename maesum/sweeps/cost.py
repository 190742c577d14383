"""Estimate the cost of a job before it starts: clips, windows, and floating-point operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from maesum.sweeps.jobs import Job

#: Videos of the paper's training sets (appendix A1; UCF-101: split 1).
VIDEOS = {
    "mini_kinetics200": 77_157,
    "kinetics400": 241_567,
    "kinetics100": 30_570,
    "tvsum": 50,
    "summe": 25,
    "finegym": 50,
    "ucf101": 9_537,
}
#: Frames of its benchmarks: videos x mean length (appendix A1).
FRAMES = {"tvsum": 50 * 7_047, "summe": 25 * 4_393, "finegym": 50 * 231_603}


class Cost(NamedTuple):
    """The estimated cost of a job."""

    clips: int  # trained on
    windows: int  # scored
    operations: float  # floating-point, of the matrix products alone

    def hours(self, per_second: float) -> float:
        """Return the hours that it takes at `per_second` operations per second."""
        return self.operations / per_second / 3600


def sum_of(costs: Iterable[Cost]) -> Cost:
    """Return the total of several costs."""
    each = list(costs)
    return Cost(sum(cost.clips for cost in each), sum(cost.windows for cost in each), sum(c.operations for c in each))


def cost_of(job: Job) -> Cost:
    """Return the cost of a job on the paper's data; nothing for sets whose size is not known here, such as the demo's.

    A product with w weights takes 2 w operations a token forward and 4 w backward; attention itself is small at 30
    tokens and left out. Evaluating scores costs a processor seconds and counts as nothing.
    """
    config = job.config
    of_training = job.needs[0].config if job.command == "predict" and job.needs else config
    reads = of_training.get("method", {}).get("reads")
    if job.command == "evaluate" or reads == "videos":
        return Cost(0, 0, 0.0)
    clips = _clips(config) if job.command == "train" else 0
    windows = 0
    if reads != "labelled clips":
        windows = sum(FRAMES.get(name, 0) for name in config["benchmarks"])
    model = config.get("model")
    if model is None and job.needs:
        model = job.needs[0].config.get("model")
    if model is None:
        return Cost(clips, windows, 0.0)
    encoder, decoder = _weights(model, "encoder"), _weights(model, "decoder")
    frames = model["frames"]
    if reads == "labelled clips":
        return Cost(clips, windows, 6.0 * clips * encoder * frames)
    visible = frames - round(frames * config.get("mask_ratio", 0.5))
    training = 6.0 * clips * (encoder * visible + decoder * frames)
    return Cost(clips, windows, training + 2.0 * windows * (encoder * (frames - 1) + decoder * frames))


def _clips(config: dict[str, Any]) -> int:
    reads = config["method"]["reads"]
    if reads == "labelled clips":
        name, part = "ucf101" if "ucf101" in str(config["labelled"]["features"]) else "", config["labelled"]
    elif reads == "clips":
        name, part = config["data"]["name"], config["data"]
    else:
        return 0
    return VIDEOS.get(name, 0) * part["clips_per_video"] * config["epochs"]


def _weights(model: dict[str, Any], part: str) -> float:
    """Weights of a stack of blocks: attention 4 W^2 and an MLP of 2 x ratio x W^2."""
    width, depth = model[f"{part}_dim"], model[f"{part}_depth"]
    return depth * (4 + 2 * model["mlp_ratio"]) * width**2

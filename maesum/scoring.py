"""The importance of every frame of a video: how badly it is reconstructed from its window (paper, section 3.4).

Letters in shapes: n frames of a video, B windows of a batch, T frames of a window, D feature width.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

from maesum.data import sampling
from maesum.errors import MaesumError
from maesum.models import MaskedAutoencoder, target_mask
from maesum.models.trivial import interpolation, visible_mean

#: Anything that maps (frames [B, T, D], mask [B, T]) to a reconstruction [B, T, D].
Reconstructor = Callable[[Tensor, Tensor], Tensor]

#: Reconstructions without a model, by the name that `scorer=` takes: the window's other frames averaged, and the two
#: frames one stride away averaged (what interpolation is where only the centre is masked).
TRAINING_FREE: dict[str, Reconstructor] = {"context_mean": visible_mean, "neighbour": interpolation}


@dataclass
class ScoringSettings:
    """How windows are laid and batched.

    Attributes:
        target_position: where in its window (0-based) the scored frame stands; 15 of 30 spans t - 15 s .. t + 14 s.
        boundary: what a window does at the ends of a video: reflect, replicate or shift (see `sampling.windows`).
        batch_size: windows at a time.
        precision: "32", or "bf16" for the network (the cosine is always taken in float32: rounded to bf16 a video keeps
            about 43 distinct values, and tau moves).
        every: score every k-th frame only and interpolate between them linearly; 1 = every frame, as the paper does.
    """

    target_position: int = 15
    boundary: str = "reflect"
    batch_size: int = 256
    precision: str = "32"
    every: int = 1

    def __post_init__(self) -> None:
        choices = {"boundary": sampling.BOUNDARIES, "precision": ("32", "bf16")}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise MaesumError(f"scoring.{name} is {getattr(self, name)!r}, wanted one of {', '.join(allowed)}.")
        for name, lowest in {"batch_size": 1, "every": 1, "target_position": 0}.items():
            if getattr(self, name) < lowest:
                raise MaesumError(f"scoring.{name} is {getattr(self, name)}, wanted at least {lowest}.")


@torch.inference_mode()
def importance(
    model: Reconstructor,
    features: Tensor | np.ndarray,
    stride: int = 2,
    settings: ScoringSettings | None = None,
    *,
    targets: np.ndarray | None = None,
    device: torch.device | str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Score frames of one video: 1 - cosine(reconstruction, original) of each frame masked alone in its window.

    Args:
        model: a `MaskedAutoencoder` in evaluation mode, or any other `Reconstructor`. Where it has `standardize`, both
            sides of the cosine are taken in that space.
        features: [n, D], any float type.
        stride: frames between neighbours of a window.
        targets: frames to score, each exactly; None = all of them (or `settings.every` k-th, interpolated).
        device: where to compute; None = where the model's weights are.
        on_progress: called with the number of frames done after each batch.

    Returns:
        float32 [n], or one value for each of `targets`; in [0, 2], higher = more important.

    Raises:
        MaesumError: fewer frames than a window, another feature width than the model's, or a frame whose score is not
            finite (its features hold NaN).
    """
    settings = settings or ScoringSettings()
    device = torch.device(device) if device is not None else _device_of(model)
    on_device = torch.as_tensor(features).to(device)  # once a video; windows are gathered there
    length = len(on_device)
    window = getattr(model, "frames", 30)
    if settings.target_position >= window:
        raise MaesumError(f"scoring.target_position is {settings.target_position}, wanted 0 to {window - 1}.")
    standardize = getattr(model, "standardize", lambda frames: frames)
    if targets is None:
        scored = frames_to_score(length, settings.every)
        exact = importance(model, on_device, stride, settings, targets=scored, device=device, on_progress=on_progress)
        return interpolated(scored, exact, length)
    targets = np.asarray(targets)
    scores = np.empty(len(targets), dtype=np.float32)
    for start in range(0, len(targets), settings.batch_size):
        batch = targets[start : start + settings.batch_size]
        index, position = sampling.windows(batch, length, stride, window, settings.target_position, settings.boundary)
        frames = on_device[torch.from_numpy(index).to(device)].float()  # [B, T, D]
        at_target = torch.from_numpy(position).to(device)  # [B]
        with _precision(settings.precision, device):
            reconstruction = _reconstruct(model, frames, target_mask(at_target, window))
        rows = torch.arange(len(batch), device=device)
        similarity = F.cosine_similarity(
            standardize(reconstruction[rows, at_target].float()), standardize(frames[rows, at_target]), dim=1
        )
        scores[start : start + len(batch)] = (1 - similarity).cpu().numpy()
        if on_progress is not None:
            on_progress(len(batch))
    bad = np.flatnonzero(~np.isfinite(scores))
    if bad.size:
        raise MaesumError(
            f"the score of frame {int(targets[bad[0]])} is {scores[bad[0]]}: its window holds NaN or infinite "
            "features; extract the video again."
        )
    return scores


def frames_to_score(length: int, every: int) -> np.ndarray:
    """Every k-th frame, and the last one, so that interpolation has both its ends: int64."""
    frames = np.arange(0, length, every)
    return frames if frames[-1] == length - 1 else np.append(frames, length - 1)


def interpolated(frames: np.ndarray, scores: np.ndarray, length: int) -> np.ndarray:
    """The scores of some frames, on straight lines between them: float32 [length]."""
    if len(frames) == length:
        return scores
    return np.interp(np.arange(length), frames, scores).astype(np.float32)


def importance_over_ranks(
    model: Reconstructor,
    features: Tensor | np.ndarray,
    stride: int = 2,
    settings: ScoringSettings | None = None,
    *,
    device: torch.device | str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """`importance` of all frames with the work split over the ranks of the default process group, if there is one.

    Every rank scores a contiguous part and gets the whole; that each frame was scored exactly once is checked.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return importance(model, features, stride, settings, device=device, on_progress=on_progress)
    device = torch.device(device) if device is not None else _device_of(model)
    scored = frames_to_score(len(features), (settings or ScoringSettings()).every)
    part = np.array_split(np.arange(len(scored)), dist.get_world_size())[dist.get_rank()]
    merged = torch.zeros(2, len(scored), dtype=torch.float32, device=device)  # scores, and how often each was scored
    if len(part):
        scores = importance(
            model, features, stride, settings, targets=scored[part], device=device, on_progress=on_progress
        )
        merged[0, part] = torch.from_numpy(scores).to(device)
        merged[1, part] = 1
    dist.all_reduce(merged)
    if not bool((merged[1] == 1).all()):
        raise RuntimeError("ranks did not score every frame exactly once")
    return interpolated(scored, merged[0].cpu().numpy(), len(features))


def evenly_spread(length: int) -> np.ndarray:
    """The predictor `uniform`: ranks frames so that the best k of them are spread evenly over the video, for every k.

    The van der Corput order: importance falls with the bit-reversed frame number. float32 [length], no two alike up to
    2^24 frames.
    """
    bits = max(int(length - 1).bit_length(), 1)
    numbers = np.arange(length, dtype=np.int64)
    reversed_bits = np.zeros(length, dtype=np.int64)
    for bit in range(bits):
        reversed_bits |= ((numbers >> bit) & 1) << (bits - 1 - bit)
    return (1 - reversed_bits / (1 << bits)).astype(np.float32)


def _reconstruct(model: Reconstructor, frames: Tensor, mask: Tensor) -> Tensor:
    if isinstance(model, MaskedAutoencoder):
        return model(frames, mask, num_masked=1)  # saves reading the mask back from the device
    return model(frames, mask)


def _device_of(model: Reconstructor) -> torch.device:
    if isinstance(model, torch.nn.Module):
        parameter = next(model.parameters(), None)
        if parameter is not None:
            return parameter.device
    return torch.device("cpu")


def _precision(name: str, device: torch.device) -> AbstractContextManager:
    return torch.autocast(device.type, torch.bfloat16) if name == "bf16" else nullcontext()

"""Compute the importance of every frame of a video: how badly it is reconstructed from its window (paper, 3.4).

Letters in shapes: n frames of a video, D feature width.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from maesum.config.scoring import ScoringSettings
from maesum.data import sampling
from maesum.scoring.targets import Reconstructor, device_of, part_scorer
from maesum.system.errors import MaesumError

#: Targets whose windows are on the device at a time; the windows at either end of such a part reach a little further.
PART = 8_192


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

    A video is scored in parts of `PART` frames, so that a long one takes no more device memory than a short one.

    Args:
        model: a `MaskedAutoencoder` in evaluation mode, or any other `Reconstructor`. Where it has a method
            `standardize`, both sides of the cosine are standardised by it.
        features: [n, D], any float type.
        stride: frames between neighbours of a window.
        targets: integer [targets], the frames to score, possibly none; None = all frames, or, where `settings.every` is
            k > 1, every k-th with the others interpolated.
        device: where to compute; None = where the model's weights are.
        on_progress: called after each batch with its number of frames.

    Returns:
        float32 [n], or one value for each of `targets`; each in [0, 2], higher = more important.

    Raises:
        MaesumError: features that are not [n, D], fewer frames than a window, targets outside the video, another
            feature width than the model's, or a frame whose score is not finite (its features hold NaN).
    """
    settings = settings or ScoringSettings()
    features = torch.as_tensor(features)
    device = torch.device(device) if device is not None else device_of(model)
    batch_size = settings.batch_size or (1024 if device.type == "cuda" else 64)
    if features.ndim != 2:
        raise MaesumError(f"features have shape {list(features.shape)}, wanted [frames, D].")
    length, window = len(features), getattr(model, "frames", 30)
    sampling.check_windows(length, stride, window, settings.boundary)
    settings.check_window(window)
    scored = frames_to_score(length, settings.every) if targets is None else _checked(targets, length)
    scorer = part_scorer(model, device, settings.precision)
    scores = np.empty(len(scored), dtype=np.float32)
    # Consecutive targets in one part make one piece of work; targets that return to a part make another.
    parts = np.split(np.arange(len(scored)), np.flatnonzero(np.diff(scored // PART)) + 1) if len(scored) else []
    for part in parts:
        windows = sampling.windows(scored[part], length, stride, window, settings.target_position, settings.boundary)
        first, last = int(windows.frame_index.min()), int(windows.frame_index.max())
        scorer.take(features[first : last + 1])
        similarity = []
        for start in range(0, len(part), batch_size):
            batch = slice(start, start + batch_size)
            index, position = windows.frame_index[batch] - first, windows.target_position[batch]
            similarity.append(scorer.similarity(index, position))
            if on_progress is not None:
                on_progress(len(index))
        scores[part] = 1 - torch.cat(similarity).cpu().numpy()  # the host waits once a part
    bad = np.flatnonzero(~np.isfinite(scores))
    if bad.size:
        raise MaesumError(
            f"the score of frame {int(scored[bad[0]])} is {scores[bad[0]]}: its window holds NaN or infinite "
            "features; extract the video again."
        )
    return scores if targets is not None else interpolated(scored, scores, length)


def _checked(targets: np.ndarray, length: int) -> np.ndarray:
    """Return the targets as int64, or raise a MaesumError that names the first one outside the video."""
    frames = np.asarray(targets)
    if frames.ndim != 1 or (frames.size and frames.dtype.kind not in "iu"):
        raise MaesumError(
            f"targets have shape {frames.shape} and type {frames.dtype}, wanted one row of whole numbers."
        )
    outside = frames[(frames < 0) | (frames >= length)]
    if outside.size:
        raise MaesumError(f"target {outside[0]} is no frame of the video, wanted 0 to {length - 1}.")
    return frames.astype(np.int64)


def frames_to_score(length: int, every: int) -> np.ndarray:
    """Return the numbers of every k-th frame and of the last one, between which scores are interpolated: int64.

    An empty video has none.
    """
    frames = np.arange(0, length, every)
    return frames if length == 0 or frames[-1] == length - 1 else np.append(frames, length - 1)


def interpolated(frames: np.ndarray, scores: np.ndarray, length: int) -> np.ndarray:
    """Return the scores of all frames from those of some, by linear interpolation: float32 [length]."""
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
    """Compute `importance` of all frames, split over the ranks of the default process group if there is one.

    Every rank scores a contiguous part and returns the scores of all frames.

    Raises:
        RuntimeError: the ranks did not score every frame exactly once.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return importance(model, features, stride, settings, device=device, on_progress=on_progress)
    device = torch.device(device) if device is not None else device_of(model)
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

"""Choose the frames of training clips and scoring windows: frame numbers only, without features or generator state.

Every random number is a pure function of (seed, epoch, sample number), computed by a counter-based hash for a whole
batch at once. So training does not depend on the number of workers or ranks, and a resumed run draws what an
uninterrupted one would have drawn.

Letters in shapes: B samples, T frames of a clip or window.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from maesum.config.scoring import BOUNDARIES
from maesum.system.errors import MaesumError

# One stream for each purpose, so that draws for one purpose never change those for another.
_STREAM_STRIDE, _STREAM_START, _STREAM_MASK, _STREAM_ORDER = 1, 2, 3, 4


class Windows(NamedTuple):
    """The frame numbers of the windows of a batch of targets."""

    frame_index: np.ndarray  # [B, T] int64, frames of the video
    target_position: np.ndarray  # [B] int64, position of each target in its window


def clips(
    seed: int,
    epoch: int,
    samples: np.ndarray,
    lengths: np.ndarray,
    stride: tuple[int, int] = (1, 8),
    frames: int = 30,
) -> np.ndarray:
    """Draw the frames of training clips (paper, sections 3.3 and 4.3).

    The stride is uniform over the range; where it does not fit the video, the largest that fits is used. The start is
    uniform over those whose last frame stays inside the video.

    Args:
        samples: [B] int, sample numbers: the same number draws the same clip in any batch.
        lengths: [B] int, frames of each sample's video.
        stride: the smallest and the largest (see `maesum.config.values.parse_stride`).

    Returns:
        frame_index [B, frames] int64, within each video.

    Raises:
        MaesumError: a video has fewer frames than a clip.
    """
    lowest, highest = stride
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.size and int(lengths.min()) < frames:
        raise MaesumError(f"a video has {int(lengths.min())} frames, but a clip takes {frames}; leave such videos out.")
    drawn = lowest + np.floor(_uniform(seed, epoch, samples, _STREAM_STRIDE)[:, 0] * (highest - lowest + 1))
    fitting = (lengths - 1) // (frames - 1) if frames > 1 else lengths
    step = np.minimum(drawn.astype(np.int64), fitting)  # [B]
    starts = lengths - (frames - 1) * step  # [B], how many starts keep the last frame inside
    start = np.floor(_uniform(seed, epoch, samples, _STREAM_START)[:, 0] * starts).astype(np.int64)
    return start[:, None] + step[:, None] * np.arange(frames)  # [B, T]


def mask_noise(seed: int, epoch: int, samples: np.ndarray, frames: int = 30) -> np.ndarray:
    """Draw uniform noise in [0, 1) whose order decides which frames of a clip are masked: float32 [B, frames]."""
    return _uniform(seed, epoch, samples, _STREAM_MASK, frames).astype(np.float32)


def epoch_order(seed: int, epoch: int, num_samples: int) -> np.ndarray:
    """Return the order in which an epoch visits its sample numbers: a permutation [num_samples] int64."""
    key = _hash(np.array([seed, epoch, _STREAM_ORDER], dtype=np.int64).astype(np.uint64))
    generator = np.random.Generator(np.random.Philox(key=np.bitwise_xor.reduce(key * _ODD_CONSTANTS[: len(key)])))
    return generator.permutation(num_samples)


def windows(
    targets: np.ndarray,
    length: int,
    stride: int = 2,
    frames: int = 30,
    target_position: int = 15,
    boundary: str = "reflect",
) -> Windows:
    """Return the frames of the window around each target frame of one video (paper, section 3.4).

    Boundaries: `reflect` mirrors at the first and last frame; `replicate` repeats them; `shift` moves the whole window
    inside (at the largest stride that fits), so that the target leaves its position. A frame that mirrors or repeats
    onto the target itself is replaced by the target's neighbour, so that the target is never among the visible frames.

    Args:
        targets: [B] int, frames of the video to score.
        length: frames of the video.
        target_position: position of the target in the window (0-based); 15 of 30: t - 15 s .. t + 14 s at stride s.

    Raises:
        MaesumError: the video has fewer frames than the window, a stride below 1, or an unknown boundary.
    """
    check_windows(length, stride, frames, boundary)
    targets = np.asarray(targets, dtype=np.int64)
    positions = np.arange(frames, dtype=np.int64)
    at_target = np.full(targets.shape, target_position, dtype=np.int64)
    if boundary == "shift":
        step = _fitting_stride(targets, length, stride, frames)  # [B]
        at_target = np.clip(at_target, frames - 1 - (length - 1 - targets) // step, targets // step)
        return Windows(targets[:, None] + step[:, None] * (positions - at_target[:, None]), at_target)

    index = targets[:, None] + stride * (positions - target_position)  # [B, T]
    if boundary == "replicate":
        index = np.clip(index, 0, length - 1)
    else:
        period = 2 * (length - 1)
        index = np.abs((index + (length - 1)) % period - (length - 1))
    neighbour = np.where(targets + 1 < length, targets + 1, targets - 1)
    landed_on_target = (index == targets[:, None]) & (positions != target_position)
    return Windows(np.where(landed_on_target, neighbour[:, None], index), at_target)


def check_windows(length: int, stride: int, frames: int, boundary: str) -> None:
    """Check that windows fit into a video of `length` frames; for the arguments see `windows`.

    Raises:
        MaesumError: the video has fewer frames than the window, a stride below 1, or an unknown boundary.
    """
    if length < frames:
        raise MaesumError(f"a video has {length} frames, but a window takes {frames}; leave such videos out.")
    if stride < 1:
        raise MaesumError(f"the test stride is {stride}, wanted at least 1.")
    if boundary not in BOUNDARIES:
        raise MaesumError(f"boundary is {boundary!r}, wanted one of {', '.join(BOUNDARIES)}.")


def _fitting_stride(targets: np.ndarray, length: int, stride: int, frames: int) -> np.ndarray:
    """Return the largest stride up to `stride` at which the window of each target fits inside the video: [B]."""
    step = np.full(targets.shape, min(stride, (length - 1) // (frames - 1)), dtype=np.int64)
    while (misfit := targets // step + (length - 1 - targets) // step < frames - 1).any():
        step[misfit] -= 1  # stride 1 fits every target, since the video is at least as long as a window
    return step


_ODD_CONSTANTS = np.array([0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7], dtype=np.uint64)


def _hash(values: np.ndarray) -> np.ndarray:
    """Apply the finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection of uint64 that spreads every bit."""
    with np.errstate(over="ignore"):
        values = values + _ODD_CONSTANTS[0]
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _uniform(seed: int, epoch: int, samples: np.ndarray, stream: int, width: int = 1) -> np.ndarray:
    """Draw uniform numbers in [0, 1) that depend on (seed, epoch, sample, stream, lane) only: float64 [B, width]."""
    key = np.zeros(1, dtype=np.uint64)
    for part in (seed, epoch, stream):
        key = _hash(key ^ np.array([part], dtype=np.int64).astype(np.uint64))
    samples = np.asarray(samples, dtype=np.int64).astype(np.uint64)
    per_sample = _hash(_hash(samples) ^ key)  # [B]
    lanes = np.arange(width, dtype=np.uint64)
    with np.errstate(over="ignore"):
        bits = _hash(per_sample[:, None] + lanes * _ODD_CONSTANTS[1])  # [B, width]
    # 24 bits: exact in float32 too, so that a cast never rounds up to 1.
    return (bits >> np.uint64(40)).astype(np.float64) / float(1 << 24)

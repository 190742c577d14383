"""Predict importance without training: the baselines that a learned predictor has to beat."""

from __future__ import annotations

import numpy as np

from maesum.models.trivial import interpolation, visible_mean
from maesum.scoring.targets import Reconstructor

#: Reconstructions without a model, by their name in `scorer=`: the mean of the window's other frames, and the mean of
#: the two frames one stride away (which is linear interpolation where only the centre is masked).
TRAINING_FREE: dict[str, Reconstructor] = {"context_mean": visible_mean, "neighbour": interpolation}


def evenly_spread(length: int) -> np.ndarray:
    """Rank frames so that the best k of them are spread evenly over the video, for every k: the predictor `uniform`.

    This is the van der Corput order: importance falls with the bit-reversed frame number.

    Returns:
        float32 [length]; no two values are equal up to 2^24 frames.
    """
    bits = max(int(length - 1).bit_length(), 1)
    numbers = np.arange(length, dtype=np.int64)
    reversed_bits = np.zeros(length, dtype=np.int64)
    for bit in range(bits):
        reversed_bits |= ((numbers >> bit) & 1) << (bits - 1 - bit)
    return (1 - reversed_bits / (1 << bits)).astype(np.float32)

"""What importers of features share: checking one video's array, and what to do with videos that are too short."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from maesum.config.sources import ShortPolicy
from maesum.system.errors import MaesumError

logger = logging.getLogger(__name__)


def keep_long_enough(lengths: Mapping[str, int], short: ShortPolicy, min_frames: int, path: object) -> list[str]:
    """Return the ids to keep under the policy, in the mapping's order; what is dropped or will be padded is logged.

    Args:
        lengths: feature rows of each video.
        path: the source to name in the message.

    Raises:
        MaesumError: a video is too short and the policy is `error`, or a video has no row to repeat, or none is left.
    """
    too_short = [video_id for video_id, length in lengths.items() if length < min_frames]
    if not too_short:
        return list(lengths)
    named = ", ".join(f"{video_id} ({lengths[video_id]})" for video_id in too_short[:3])
    found = f"{len(too_short)} video(s) with fewer than {min_frames} frames: {named}{', ...' * (len(too_short) > 3)}"
    if short is ShortPolicy.error:
        raise MaesumError(f"{path}: holds {found}; leave them out with source.short=drop.")
    if short is ShortPolicy.drop:
        kept = [video_id for video_id, length in lengths.items() if length >= min_frames]
        if not kept:
            raise MaesumError(f"{path}: no video has at least {min_frames} frames; lower source.min_frames.")
        logger.warning("%s: dropped %s", path, found)
        return kept
    empty = [video_id for video_id in too_short if lengths[video_id] == 0]
    if empty:
        raise MaesumError(f"{path}: video '{empty[0]}' has no frame at all, so there is none to repeat; remove it.")
    logger.warning("%s: padded %s", path, found)
    return list(lengths)


def pad_with_last(features: np.ndarray, min_frames: int) -> np.ndarray:
    """Repeat the last row of features [n, D] until there are at least `min_frames`."""
    missing = max(0, min_frames - len(features))
    return np.concatenate([features, np.repeat(features[-1:], missing, axis=0)]) if missing else features


def check_finite(features: np.ndarray, where: str) -> None:
    """Check that features [n, D] hold no NaN and no infinite value.

    Args:
        where: what the message names, e.g. the file.

    Raises:
        MaesumError: naming the first bad value's frame and channel.
    """
    bad = ~np.isfinite(features)
    if bad.any():
        frame, channel = np.argwhere(bad)[0]
        raise MaesumError(
            f"{where}: frame {frame}, channel {channel} is {features[frame, channel]}, wanted finite numbers; "
            "extract this video again or leave it out."
        )

"""Draw importance over time, in the manner of the paper's Figure 3."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maesum.system.files import atomic_path
from maesum.system.printing import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HUMAN, _MODEL = "#3b6ea8", "#c2571a"


def importance_figure(
    path: str | Path,
    title: str,
    user_scores: np.ndarray,
    importance: np.ndarray,
    fps: float | None,
    picks: np.ndarray | None = None,
) -> None:
    """Draw one video as a PNG: the annotators' mean above, the predicted importance below, time in seconds.

    Args:
        user_scores: [users, n_frames].
        importance: [n], at native rate or at `picks`.
        fps: frames per second; None if unknown: then time is in frames, and smoothed over 30 frames.
        picks: [n] int64, the frame of each score; None if there is a score for every frame.
    """
    frames = user_scores.shape[1]
    rate = fps or 1
    width, unit = (30, "30 frames") if fps is None else (round(fps), "1 s")
    human_seconds = np.arange(frames) / rate
    model_seconds = (np.arange(len(importance)) if picks is None else picks) / rate
    mean = user_scores.mean(axis=0)
    with drawing(path, 10, 3.6) as figure:
        human, model = figure.subplots(2, 1, sharex=True)
        human.fill_between(human_seconds, mean.min(), mean, color=_HUMAN, alpha=0.3, linewidth=0)
        human.plot(human_seconds, mean, color=_HUMAN, linewidth=1)
        human.set_ylabel("human mean")
        model.plot(model_seconds, importance, color=_MODEL, linewidth=0.4, alpha=0.35)
        model.plot(model_seconds, _smoothed(importance, width), color=_MODEL, linewidth=1.2, label=f"mean over {unit}")
        model.set_ylabel("importance")
        model.set_xlabel("frames" if fps is None else "seconds")
        model.set_xlim(0, human_seconds[-1])
        low, high = np.percentile(importance, [0.5, 99.5])
        margin = 0.05 * (high - low) or 1e-3
        model.set_ylim(low - margin, high + margin)
        model.legend(loc="upper right", frameon=False, fontsize=8)
        human.set_title(printable(title), loc="left", fontsize=10)
        for axes in (human, model):
            axes.spines[["top", "right"]].set_visible(False)


def _smoothed(values: np.ndarray, width: int) -> np.ndarray:
    """Return the running mean over `width` values, over fewer at both ends; it shows the trend of a noisy curve."""
    width = max(1, min(width, len(values)))
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    centre = np.arange(len(values))
    low = np.maximum(centre - width // 2, 0)
    high = np.minimum(centre + (width + 1) // 2, len(values))
    return (total[high] - total[low]) / (high - low)


@contextmanager
def drawing(path: str | Path, width: float, height: float) -> Iterator[Figure]:
    """Yield a figure to draw on, and save it as a PNG, atomically, when the block ends.

    Texts are drawn literally: in titles and file names a `$` would start a formula, and a malformed formula raises an
    error. Characters that the font lacks are drawn as boxes, without warnings.

    Args:
        width, height: size in inches, of 120 pixels each.
    """
    import matplotlib
    from matplotlib.figure import Figure  # no pyplot: nothing global, works without a display

    with matplotlib.rc_context({"text.parse_math": False, "text.usetex": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=120)

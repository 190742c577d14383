"""Write the files of a summary besides the video and the page: scores, key shots, figure."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from maesum.evaluation.figures import drawing
from maesum.runs.provenance import write_json
from maesum.summaries.selection import Selection
from maesum.system.files import atomic_path
from maesum.system.printing import printable

_CURVE, _CHOSEN = "#2f5f95", "#f3c9a5"


def write_scores_csv(path: Path, importance: np.ndarray, times: np.ndarray, selection: Selection) -> None:
    """Write one line per frame: frame, seconds, importance, shot, and whether it is in the summary (1) or not (0).

    Args:
        importance: [n_frames].
        times: [n_frames + 1] seconds.
    """
    lengths = selection.shots[:, 1] - selection.shots[:, 0] + 1
    shot_of = np.repeat(np.arange(len(lengths)), lengths)
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["frame", "seconds", "importance", "shot", "in_summary"])
        rows = zip(times[:-1], importance, shot_of, selection.frames, strict=True)
        for frame, (seconds, value, shot, is_chosen) in enumerate(rows):
            writer.writerow([frame, f"{seconds:.4f}", f"{value:.6f}", int(shot), int(is_chosen)])


def write_keyshots(path: Path, video_id: str, times: np.ndarray, selection: Selection) -> None:
    """Write the shots with their times and mean importance, the budget, and which shots were chosen."""
    shots = [
        {
            "first_frame": first,
            "last_frame": last,
            "start_seconds": round(float(times[first]), 4),
            "end_seconds": round(float(times[last + 1]), 4),
            "importance": value,
            "in_summary": bool(is_chosen),
        }
        for (first, last), value, is_chosen in zip(
            selection.shots.tolist(), selection.values.tolist(), selection.is_chosen, strict=True
        )
    ]
    write_json(
        path,
        {
            "video_id": video_id,
            "n_frames": selection.n_frames,
            "budget": selection.budget,
            "capacity_seconds": round(selection.budget * float(times[-1] - times[0]), 4),
            "summary_frames": int(selection.frames.sum()),
            "summary_seconds": round(sum(float(times[last + 1] - times[first]) for first, last in selection.runs), 4),
            "shots": shots,
        },
    )


def write_figure(path: Path, title: str, importance: np.ndarray, times: np.ndarray, selection: Selection) -> None:
    """Draw a PNG: importance over time, borders of the shots, the chosen ones coloured."""
    with drawing(path, 10, 2.8) as figure:
        axes = figure.subplots()
        for first, last in selection.runs:
            axes.axvspan(times[first], times[last + 1], color=_CHOSEN, linewidth=0)
        for first in selection.shots[1:, 0]:
            axes.axvline(times[first], color="0.8", linewidth=0.6)
        axes.plot(times[:-1], importance, color=_CURVE, linewidth=1)
        axes.set_xlim(times[0], times[-1])
        axes.set_xlabel("seconds")
        axes.set_ylabel("importance")
        axes.set_title(printable(title), loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)

"""SumMe annotations: the folder GT of the published data set, one MATLAB v5 file for each of 25 videos.

    user_score   [nFrames, users]   0 where the user did not select the frame, else a whole number: nearly always the
                                    number of the user's segment that holds the frame, in the order of `segments`
    nFrames      number of frames
    FPS          frames per second

Gygli, Grabner, Riemenschneider, Van Gool: Creating Summaries from User Videos, ECCV 2014.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maesum.config.sources import FileSource
from maesum.data.benchmark import VideoAnnotation, check_annotation, write_benchmark
from maesum.data.hdf5_limits import check_unpacked_size
from maesum.system.errors import MaesumError, first_line
from maesum.system.progress import track

SOURCE = "SumMe, GT/*.mat"
N_VIDEOS = 25


@dataclass
class SummeSource(FileSource):
    """SumMe annotations, see maesum.data.sources.summe."""

    _target_: str = "maesum.data.sources.summe.import_summe"


def import_summe(input: str | Path, out: str | Path) -> list[Path]:
    """Write SumMe's annotations as a benchmark of kind "selections", with the raw ordinal scores.

    Videos are video_1 to video_25 in the order of the file names by byte value ("Valparaiso" before "car_over"), which
    is the numbering that published splits use.

    Args:
        input: the folder GT, or the one that holds it.
        out: the benchmark file to write.

    Returns:
        The files written.

    Raises:
        MaesumError: the folder does not hold the 25 files, or one is not in SumMe's layout.
    """
    folder = Path(input) / "GT" if (Path(input) / "GT").is_dir() else Path(input)
    if not folder.is_dir():
        raise MaesumError(f"{input}: no such folder; name the folder GT of SumMe.")
    paths = sorted(path for path in folder.glob("*.mat") if not path.name.startswith("."))
    if len(paths) != N_VIDEOS:
        raise MaesumError(
            f"{folder}: holds {len(paths)} .mat files, wanted the {N_VIDEOS} of SumMe, because the videos are numbered "
            "in the order of all file names."
        )
    numbered = track(list(enumerate(paths, start=1)), "reading SumMe", len(paths))
    annotations = [_read_video(path, f"video_{number}") for number, path in numbered]
    write_benchmark(out, "summe", "selections", annotations, SOURCE)
    return [Path(out)]


def _read_video(path: Path, video_id: str) -> VideoAnnotation:
    fields = _load_mat(path)
    scores = np.asarray(fields["user_score"])
    n_frames, fps = _number(fields, "nFrames", path), _number(fields, "FPS", path)
    if scores.ndim != 2 or scores.shape[0] != n_frames:
        raise MaesumError(
            f"{path}: user_score has shape {scores.shape}, but nFrames is {n_frames:g}; wanted (nFrames, users)."
        )
    annotation = VideoAnnotation(video_id=video_id, user_scores=scores.T, fps=fps, name=path.stem)
    check_annotation(annotation, "selections", path)  # here, so that the message names this file
    return annotation


def _load_mat(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat, whosmat

    wanted = ("user_score", "nFrames", "FPS")
    try:
        sizes = {name: 8 * math.prod(shape) for name, shape, _ in whosmat(str(path)) if name in wanted}
    except Exception as error:  # SciPy raises whatever a damaged byte leads it to
        raise MaesumError(f"{path}: not a readable MATLAB v5 file ({first_line(error)}).") from None
    for name, size in sizes.items():
        check_unpacked_size(size, path.stat().st_size, f"variable '{name}'", path)
    try:
        fields = loadmat(str(path), variable_names=wanted)
    except Exception as error:  # SciPy raises whatever a damaged byte leads it to
        raise MaesumError(f"{path}: not a readable MATLAB v5 file ({first_line(error)}).") from None
    for name in wanted:
        if name not in fields:
            raise MaesumError(f"{path}: variable '{name}' is missing, wanted {', '.join(wanted)}.")
    return dict(fields)


def _number(fields: dict[str, Any], name: str, path: Path) -> float:
    value = np.asarray(fields[name])
    if value.size != 1 or value.dtype.kind not in "iuf":
        raise MaesumError(f"{path}: variable '{name}' has shape {value.shape} and type {value.dtype}, wanted a number.")
    return float(value.item())

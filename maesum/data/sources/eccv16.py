"""The eccv16_dataset_{tvsum,summe,ovp,youtube}_google_pool5.h5 files that most public code trains and tests on.

One HDF5 group for each video, named video_1, video_2, ...::

    features       [n_steps, 1024]    GoogLeNet pool5 of every 15th frame
    picks          [n_steps]          which frames those are: 0, 15, 30, ...
    n_steps, n_frames                 numbers of feature rows and of frames
    user_summary   [users, n_frames]  each user's summary, binary; optional. Of TVSum, a knapsack made it of the ratings
    change_points  [shots, 2]         first and last frame of each shot, both inclusive
    fps            scalar, which the public files lack and those of the public scripts for one's own videos have
    n_frame_per_seg, gtscore, gtsummary, video_name     of these only video_name is used, where it exists

Made by Zhang, Chao, Sha, Grauman (Video Summarization with Long Short-term Memory, ECCV 2016) and distributed with
Zhou, Qiao, Xiang: https://github.com/KaiyangZhou/pytorch-vsumm-reinforce.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import h5py
import numpy as np

from maesum.config.fields import setting
from maesum.config.sources import FEATURE_TYPES, MIN_FRAMES, FileSource, ShortPolicy
from maesum.data.annotation import VideoAnnotation, check_annotation, check_fps
from maesum.data.benchmark import write_benchmark
from maesum.data.features import write_features
from maesum.data.hdf5 import open_hdf5, read_array, read_attribute, require_dataset, require_group
from maesum.data.origin import UNKNOWN
from maesum.data.sources.arrays import check_finite, keep_long_enough
from maesum.data.user_scores import RAW, meaning_of
from maesum.system.errors import MaesumError
from maesum.system.progress import track

logger = logging.getLogger(__name__)


@dataclass
class Eccv16Source(FileSource):
    """An eccv16_dataset_*_google_pool5.h5 file, see maesum.data.sources.eccv16."""

    _target_: str = "maesum.data.sources.eccv16.import_eccv16"
    name: str | None = setting(
        None, 'the benchmark\'s name; by default taken from the file name, e.g. "tvsum"', is_text=True
    )
    fps: float | None = setting(None, "frames per second of the videos, if the file lacks it", above=0)
    backbone: str | None = setting(
        None, "network that computed the features; by default googlenet pool5 for the public files", is_text=True
    )
    dtype: str = setting("float16", "type of the stored features: float16 or float32", choices=FEATURE_TYPES)
    short: ShortPolicy = setting(
        ShortPolicy.error, "what to do with videos below min_frames feature rows: error or drop"
    )
    min_frames: int = setting(
        MIN_FRAMES, "fewest feature rows of a video, those of a clip or scoring window", at_least=1
    )


def import_eccv16(
    input: str | Path,
    out: str | Path,
    name: str | None = None,
    fps: float | None = None,
    backbone: str | None = None,
    dtype: str = "float16",
    short: ShortPolicy = ShortPolicy.error,
    min_frames: int = MIN_FRAMES,
) -> list[Path]:
    """Write the features and, where the file holds user summaries, a benchmark of kind "selections".

    Args:
        input: the .h5 file.
        out: a folder, which gets features.h5 and annotations.h5.
        name: the benchmark's name; by default what the file name says, e.g. "tvsum".
        fps: frames per second of the videos, if the file lacks it; None writes none.
        backbone: network that computed the features; None = "googlenet pool5" where file name and width say so, else
            "unknown".
        dtype: of the features as stored, "float16" or "float32".
        short: what to do with videos of fewer than `min_frames` feature rows: refuse, or drop from both files. Padding
            is refused, because the annotations have the true lengths.

    Returns:
        The files written.

    Raises:
        MaesumError: the file is not in this layout, picks are not evenly spaced, values are not finite, or `fps` is not
            what the file says.
    """
    out = Path(out)
    if out.suffix.lower() in (".h5", ".hdf5"):
        raise MaesumError(f"{out}: out= must be a folder here, because two files are written into it.")
    if fps is not None and not 0 < fps < 1e6:
        raise MaesumError(f"source.fps is {fps}, wanted frames per second above 0.")
    if short is ShortPolicy.pad:
        raise MaesumError("source.short is pad, wanted error or drop: annotated videos keep their true length.")
    written = [out / "features.h5"]
    with open_hdf5(input) as file:
        steps = {
            video_id: _frame_step(require_group(file, video_id, input), input) for video_id in _video_ids(file, input)
        }
        if len(set(steps.values())) > 1:
            raise MaesumError(f"{input}: picks are {sorted(set(steps.values()))} frames apart, wanted one distance.")
        rows = {video_id: file[video_id]["features"].shape[0] for video_id in steps}
        video_ids = keep_long_enough(rows, short, min_frames, input)
        rates = {video_id: _fps(file[video_id], fps, input) for video_id in video_ids}
        annotations = _read_annotations(file, rates, input)
        known_rates = [rate for rate in rates.values() if rate is not None]
        write_features(
            written[0],
            video_ids,
            [rows[video_id] for video_id in video_ids],
            track(_read_features(file, video_ids, input), "importing", len(video_ids)),
            dtype=dtype,
            backbone=backbone or _backbone(file[video_ids[0]], input),
            preprocessing=f"as in {Path(input).name}",
            frame_step=steps[video_ids[0]],
            fps=known_rates if len(known_rates) == len(video_ids) else None,
            n_frames=[_scalar(file[video_id], "n_frames", input) for video_id in video_ids],
        )
    if annotations:
        written.append(out / "annotations.h5")
        name = name or _name_of(Path(input))
        meaning = meaning_of(f"{name} {Path(input).name}", "selections", (each.user_scores for each in annotations))
        write_benchmark(
            written[1], name, "selections", annotations, f"{Path(input).name}, user_summary", user_scores=meaning
        )
        if meaning != RAW:
            logger.warning("%s: user_summary holds %s; protocols that take more refuse it by name", input, meaning)
    return written


def _video_ids(file: h5py.File, path: str | Path) -> list[str]:
    """Return the file's videos, video_2 before video_10."""
    names = [name for name in file if isinstance(file[name], h5py.Group)]
    if not names:
        raise MaesumError(f"{path}: holds no group, wanted one per video as in eccv16_dataset_*_google_pool5.h5.")
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def _frame_step(group: h5py.Group, path: str | Path) -> int:
    """The distance of the frames that have features, after checking picks, features and n_frames against each other."""
    features = require_dataset(group, "features", path, ndim=2)
    picks = read_array(require_dataset(group, "picks", path, ndim=1), path)
    n_frames = _scalar(group, "n_frames", path)
    video_id = group.name.lstrip("/")
    if features.dtype.kind not in "fiu" or picks.dtype.kind not in "fiu":
        raise MaesumError(
            f"{path}: '{video_id}' has features of type {features.dtype} and picks of type {picks.dtype}, "
            "wanted numbers."
        )
    if len(picks) != features.shape[0] or len(picks) < 2:
        raise MaesumError(
            f"{path}: '{video_id}' has {len(picks)} picks for {features.shape[0]} rows of features, wanted as many, "
            "and at least 2."
        )
    step = int(picks[1]) - int(picks[0])
    if step < 1 or not np.array_equal(picks, np.arange(len(picks)) * step):
        raise MaesumError(f"{path}: dataset '{video_id}/picks' is not evenly spaced from 0, wanted 0, 15, 30, ...")
    if len(picks) != -(-n_frames // step):
        raise MaesumError(
            f"{path}: '{video_id}' has {len(picks)} picks, wanted {-(-n_frames // step)} for every frame number "
            f"divisible by {step} below n_frames {n_frames}."
        )
    return step


def _read_annotations(file: h5py.File, rates: dict[str, float | None], path: str | Path) -> list[VideoAnnotation]:
    """Return the videos' user summaries and shots, checked; empty where no video has summaries (OVP and YouTube)."""
    video_ids = list(rates)
    annotated = [video_id for video_id in video_ids if "user_summary" in file[video_id]]
    if annotated and len(annotated) < len(video_ids):
        bare = next(video_id for video_id in video_ids if video_id not in annotated)
        raise MaesumError(f"{path}: dataset '{bare}/user_summary' is missing, but {len(annotated)} videos have it.")
    annotations = [_read_annotation(file[video_id], rates[video_id], path) for video_id in annotated]
    for annotation in annotations:
        check_annotation(annotation, "selections", path)
    return annotations


def _read_annotation(group: h5py.Group, fps: float | None, path: str | Path) -> VideoAnnotation:
    video_id = group.name.lstrip("/")
    summaries = read_array(require_dataset(group, "user_summary", path, ndim=2), path)
    n_frames = _scalar(group, "n_frames", path)
    if summaries.shape[1] != n_frames:
        raise MaesumError(
            f"{path}: dataset '{video_id}/user_summary' has shape {summaries.shape}, wanted (users, {n_frames})."
        )
    stored = require_dataset(group, "change_points", path, ndim=2) if "change_points" in group else None
    shots = None if stored is None else read_array(stored, path)
    title = require_dataset(group, "video_name", path)[()] if "video_name" in group else video_id
    text = title.decode("utf-8", "replace") if isinstance(title, bytes) else str(title)
    return VideoAnnotation(video_id, summaries, fps, name=text, change_points=shots)


def _read_features(file: h5py.File, video_ids: list[str], path: str | Path) -> Iterator[np.ndarray]:
    for video_id in video_ids:
        features = read_array(require_dataset(file[video_id], "features", path, ndim=2), path)
        check_finite(features, f"{path}: dataset '{video_id}/features'")
        yield features


def _fps(group: h5py.Group, given: float | None, path: str | Path) -> float | None:
    """Return the fps of a video: stored as a dataset or an attribute, else the user's, else unknown."""
    video_id = group.name.lstrip("/")
    stored: object = read_attribute(group, "fps")
    if "fps" in group:
        value = read_array(require_dataset(group, "fps", path), path)
        stored = value.item() if value.size == 1 else value.tolist()
    if stored is None:
        return given
    check_fps(stored, video_id, path)
    if given is not None and abs(given - float(cast(float, stored))) > 0.01:
        raise MaesumError(
            f"{path}: video '{video_id}' has fps {stored}, but source.fps is {given}; leave source.fps out."
        )
    return float(cast(float, stored))


def _backbone(group: h5py.Group, path: str | Path) -> str:
    """The backbone, where name and width leave no doubt: "googlenet pool5" of the public files, else "unknown"."""
    is_public = re.fullmatch(r"eccv16_dataset_\w+?_google_pool5", Path(path).stem) is not None
    return "googlenet pool5" if is_public and group["features"].shape[1] == 1024 else UNKNOWN


def _scalar(group: h5py.Group, name: str, path: str | Path) -> int:
    value = read_array(require_dataset(group, name, path), path)
    if value.size != 1 or value.dtype.kind not in "iuf" or not 1 <= float(value.item()) < 1e9:
        raise MaesumError(f"{path}: dataset '{group.name.lstrip('/')}/{name}' is {value}, wanted a number above 0.")
    return int(value.item())


def _name_of(path: Path) -> str:
    match = re.fullmatch(r"eccv16_dataset_(\w+?)_google_pool5", path.stem)
    return match[1] if match else path.stem

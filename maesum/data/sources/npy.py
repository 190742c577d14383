"""Features as most extractors leave them: a folder of .npy arrays, one [frames, D] array per video."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maesum.config.fields import setting
from maesum.config.sources import FEATURE_TYPES, MIN_FRAMES, FileSource, ShortPolicy
from maesum.data.features import write_features
from maesum.data.sources.arrays import check_finite, keep_long_enough, pad_with_last
from maesum.data.sources.text import read_ids
from maesum.system.errors import MaesumError
from maesum.system.progress import track

logger = logging.getLogger(__name__)

#: Widths of what usual backbones compute.
_WIDTHS = {384, 512, 768, 1024, 1280, 1536, 2048, 4096}


@dataclass
class NpySource(FileSource):
    """A folder of feature arrays, see maesum.data.sources.npy."""

    _target_: str = "maesum.data.sources.npy.import_npy_folder"
    only: str | None = setting(None, "text file with the ids of the videos to keep; null: all", is_text=True)
    exclude: str | None = setting(None, "text file with the ids of the videos to leave out", is_text=True)
    dtype: str = setting("float16", "type of the stored features: float16 or float32", choices=FEATURE_TYPES)
    fps: float | None = setting(None, "frames per second of the feature rows, if all videos share it", above=0)
    short: ShortPolicy = setting(ShortPolicy.error, "what to do with videos below min_frames: error, drop or pad")
    min_frames: int = setting(
        MIN_FRAMES, "fewest feature rows of a video, those of a clip or scoring window", at_least=1
    )
    backbone: str = setting("unknown", "network that computed the features, as noted in the file", is_text=True)
    preprocessing: str = setting(
        "unknown", "how frames were prepared for the network, as noted in the file", is_text=True
    )


def import_npy_folder(
    input: str | Path,
    out: str | Path,
    only: str | Path | None = None,
    exclude: str | Path | None = None,
    dtype: str = "float16",
    fps: float | None = None,
    short: ShortPolicy = ShortPolicy.error,
    min_frames: int = MIN_FRAMES,
    backbone: str = "unknown",
    preprocessing: str = "unknown",
) -> list[Path]:
    """Write one features file from all .npy files below a folder; a video's id is its file's name without .npy.

    Videos come in the order of their relative paths. All headers are read before any data, so that most mistakes show
    within seconds. Files are never unpickled.

    Args:
        input: the folder.
        out: the features file to write.
        only: a text file of the ids to keep, one a line; ids without a file are counted and passed over, because
            public lists name videos that are no longer available.
        exclude: a text file of the ids to leave out.
        dtype: "float16" or "float32", as stored.
        fps: frames per second of the videos, where all share it.
        short: what to do with videos of fewer than `min_frames` frames: refuse, drop, or repeat their last frame. Do
            not pad the videos of a benchmark, whose annotations have the true lengths.
        backbone, preprocessing: kept in the file to say how the features were made.

    Returns:
        The files written.

    Raises:
        MaesumError: nothing to import, or naming the file that is not an array of finite numbers [frames, D] or whose
            width differs.
    """
    if fps is not None and not 0 < fps < 1e6:
        raise MaesumError(f"source.fps is {fps}, wanted frames per second above 0.")
    paths = _choose(_find_arrays(Path(input)), only, exclude, input)
    lengths = _read_lengths(paths)
    video_ids = keep_long_enough(lengths, short, min_frames, input)
    least = min_frames if short is ShortPolicy.pad else 0
    arrays = (_read_array(paths[video_id], least) for video_id in video_ids)
    write_features(
        out,
        video_ids,
        [max(lengths[video_id], least) for video_id in video_ids],
        track(arrays, "importing", len(video_ids)),
        dtype=dtype,
        backbone=backbone,
        preprocessing=preprocessing,
        fps=None if fps is None else [fps] * len(video_ids),
    )
    return [Path(out)]


def _find_arrays(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise MaesumError(f"{folder}: no such folder; name one that holds a .npy file per video.")
    files = (path for path in folder.rglob("*.npy") if path.is_file() and not path.name.startswith("."))
    paths: dict[str, Path] = {}
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
        if path.stem in paths:
            raise MaesumError(
                f"{path}: has the same name as {paths[path.stem]}, but names are the video ids; rename it."
            )
        paths[path.stem] = path
    if not paths:
        raise MaesumError(f"{folder}: holds no .npy file, wanted one per video.")
    return paths


def _choose(
    paths: dict[str, Path], only: str | Path | None, exclude: str | Path | None, folder: str | Path
) -> dict[str, Path]:
    if only is not None:
        wanted = set(read_ids(only))
        absent = len(wanted - set(paths))
        if absent:
            logger.warning("%s: %d of its %d ids have no .npy file and are passed over", only, absent, len(wanted))
        paths = {video_id: path for video_id, path in paths.items() if video_id in wanted}
    if exclude is not None:
        unwanted = set(read_ids(exclude))
        paths = {video_id: path for video_id, path in paths.items() if video_id not in unwanted}
    if not paths:
        raise MaesumError(f"{folder}: no .npy file is left after source.only and source.exclude; ids are file names.")
    return paths


def _read_lengths(paths: dict[str, Path]) -> dict[str, int]:
    """Return the number of frames of every video, from the headers, with one width checked over all of them."""
    lengths: dict[str, int] = {}
    width, first = 0, next(iter(paths.values()))
    for video_id, path in track(paths.items(), "reading headers", len(paths)):
        array = _open_array(path)
        width = width or array.shape[1]
        if array.shape[1] != width:
            raise MaesumError(f"{path}: has {array.shape[1]} channels, wanted {width} as in {first}.")
        lengths[video_id] = len(array)
    _warn_of_transposed(set(lengths.values()), width, first)
    return lengths


def _warn_of_transposed(lengths: set[int], width: int, first: Path) -> None:
    """Warn of arrays that may be [D, frames]: all have as many rows as a backbone has channels, and no such width."""
    if lengths <= _WIDTHS and len(lengths) == 1 and width not in _WIDTHS:
        logger.warning(
            "%s: has shape (%d, %d), as all arrays here: read as %d frames of %d channels; transpose them if these are "
            "%d channels of %d frames",
            first, *lengths, width, *lengths, width, *lengths, width,
        )  # fmt: skip


def _open_array(path: Path) -> np.ndarray:
    """Return the array [frames, D], mapped rather than read."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy raises whatever a damaged header leads it to
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise MaesumError(f"{path}: not a readable .npy array ({reason}).") from None
    if not isinstance(array, np.ndarray):
        raise MaesumError(f"{path}: is an archive of several arrays, wanted one array saved with numpy.save.")
    if array.ndim != 2 or array.shape[1] == 0:
        raise MaesumError(f"{path}: has shape {array.shape}, wanted (frames, channels).")
    if array.dtype.kind not in "fiu":
        raise MaesumError(f"{path}: is of type {array.dtype}, wanted numbers.")
    return array


def _read_array(path: Path, least: int) -> np.ndarray:
    """Return the features of one video, with at least `least` frames."""
    features = np.asarray(_open_array(path))
    check_finite(features, str(path))
    return pad_with_last(features, least)

"""Read an existing features file and find the videos in it that can be kept, because their files are unchanged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maesum.data.features import FORMAT, VERSION
from maesum.data.hdf5 import open_hdf5, read_strings, require_dataset
from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError
from maesum.vision.container import check_shortage
from maesum.vision.fingerprint import Fingerprint, is_unchanged
from maesum.vision.videos import Video

#: Files compared at a time; on network disks each comparison waits.
_FILES_AT_ONCE = 16
_ADVICE = "choose another out= or delete it"


@dataclass(frozen=True)
class Made:
    """How the rows of a video were computed: one line of JSON in the dataset `sources` of a features file.

    Attributes:
        source: fingerprint of the video file.
        weights: hash of the network.
        precision: precision of the network.
        remarks: what was wrong with the video file.
    """

    source: Fingerprint
    weights: str
    precision: str
    remarks: tuple[str, ...] = ()

    def as_line(self) -> str:
        """Return the line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Made:
        """Read a line that `as_line` wrote; raise ValueError, KeyError or TypeError if it is malformed."""
        found = json.loads(line)
        source = Fingerprint(**found["source"])
        return cls(source, str(found["weights"]), str(found["precision"]), tuple(map(str, found["remarks"])))


class Earlier:
    """The videos of an existing features file; none if there is no file.

    Args:
        settings: settings of this extraction (`maesum.vision.extraction`); the file must have been made with the same.

    Attributes:
        made: how the rows of each video were computed, by video id.

    Raises:
        MaesumError: the file was made with other settings, or does not name the video files it was made from.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.made: dict[str, Made] = {}
        if not path.exists():
            return
        self._store = FeatureStore(path)
        store = self._store
        dtype = str(store.dtype).removeprefix("torch.")
        found = {"backbone": store.backbone, "every": store.frame_step, "dtype": dtype}
        _check_settings(path, found, settings)
        self.made = _read_sources(path, store.video_ids)
        for made in self.made.values():
            _check_settings(path, {"precision": made.precision}, settings)
            if made.weights != settings["weights"]:
                raise MaesumError(
                    f"{path}: exists already, made by another network that is called {settings['backbone']!r} too (its "
                    f"weights or options differ); {_ADVICE}."
                )

    def rows(self, video_id: str) -> np.ndarray:
        """Return the features [rows, D] of a video, mapped from the disk."""
        return self._store[video_id].numpy()

    def length(self, video_id: str) -> int:
        """Return the number of feature rows of a video."""
        return int(self._store.lengths[self._store.index(video_id)])

    def n_frames(self, video_id: str) -> int:
        """Return the number of frames of the video itself."""
        counts = self._store.n_frames
        return int(counts[self._store.index(video_id)]) if counts is not None else self.length(video_id)

    def fps(self, video_id: str) -> float:
        """Return the frames per second of a video."""
        return float(self._store.fps[self._store.index(video_id)]) if self._store.fps is not None else 0.0

    def label(self, video_id: str) -> str:
        """Return the class of a video; an empty text if it has none."""
        return self._store.labels[self._store.index(video_id)] if self._store.labels is not None else ""


def unchanged(videos: Sequence[Video], sources: dict[str, Fingerprint]) -> set[str]:
    """Return the ids of the videos whose files have not changed.

    Args:
        sources: earlier fingerprints of the files, by video id; a video without one counts as changed.

    Raises:
        MachineShortage: the machine is short of file handles or threads.
    """

    def is_same(video: Video) -> bool:
        try:
            return is_unchanged(video.path, sources[video.video_id])
        except OSError as error:
            check_shortage(error, video.path)
            return False  # it cannot be read; decoding reports why

    known = [video for video in videos if video.video_id in sources]
    with ThreadPoolExecutor(_FILES_AT_ONCE, "compare") as pool:
        return {video.video_id for video, same in zip(known, pool.map(is_same, known), strict=True) if same}


def _check_settings(path: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for key, value in found.items():
        if value != wanted[key]:
            raise MaesumError(
                f"{path}: exists already with {key}={value!r}, but {key}={wanted[key]!r} is wanted; {_ADVICE}."
            )


def _read_sources(path: Path, video_ids: Sequence[str]) -> dict[str, Made]:
    with open_hdf5(path, FORMAT, VERSION) as file:
        if "sources" not in file:
            raise MaesumError(f"{path}: exists already, and does not say which files it was made of; {_ADVICE}.")
        lines = read_strings(require_dataset(file, "sources", path, ndim=1), path)
    try:
        return {video_id: Made.from_line(line) for video_id, line in zip(video_ids, lines, strict=True)}
    except (ValueError, KeyError, TypeError) as error:
        raise MaesumError(f"{path}: dataset 'sources' cannot be read ({error}); {_ADVICE}.") from None

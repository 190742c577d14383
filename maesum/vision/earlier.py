"""What a features file that exists holds, and which of it can be kept: videos are known by their content."""

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

#: Files looked at at once: on network disks each look waits.
_LOOKS_AT_ONCE = 16
_ADVICE = "choose another out= or delete it"


@dataclass(frozen=True)
class Made:
    """What the rows of a video were made of, and how; a line of JSON in the dataset `sources` of a features file.

    Attributes:
        source: what the file was.
        weights: hash of the network.
        precision: that it computed in.
        remarks: what was wrong with the file.
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
        """Return the opposite of `as_line`; raises ValueError, KeyError or TypeError for a line that is none."""
        found = json.loads(line)
        source = Fingerprint(**found["source"])
        return cls(source, str(found["weights"]), str(found["precision"]), tuple(map(str, found["remarks"])))


class Earlier:
    """The videos of a features file that exists; none where the file does not.

    Args:
        settings: of the job at hand, as `maesum.vision.extraction` notes them; the file must have been made with them.

    Attributes:
        made: by video id.

    Raises:
        MaesumError: the file was made with other settings, or does not say of which files.
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
        """Rows of a video."""
        return int(self._store.lengths[self._store.index(video_id)])

    def n_frames(self, video_id: str) -> int:
        """Frames of the video itself."""
        counts = self._store.n_frames
        return int(counts[self._store.index(video_id)]) if counts is not None else self.length(video_id)

    def fps(self, video_id: str) -> float:
        """Frames per second of a video."""
        return float(self._store.fps[self._store.index(video_id)]) if self._store.fps is not None else 0.0

    def label(self, video_id: str) -> str:
        """Return the class of a video; empty where it has none."""
        return self._store.labels[self._store.index(video_id)] if self._store.labels is not None else ""


def unchanged(videos: Sequence[Video], sources: dict[str, Fingerprint]) -> set[str]:
    """Return the ids of the videos whose files are still what they were.

    Args:
        sources: what the files were, by video id; a video without one counts as changed.

    Raises:
        MachineShortage: the machine is short of file handles or threads.
    """

    def is_same(video: Video) -> bool:
        try:
            return is_unchanged(video.path, sources[video.video_id])
        except OSError as error:
            check_shortage(error, video.path)
            return False  # it cannot be read; decoding says why

    known = [video for video in videos if video.video_id in sources]
    with ThreadPoolExecutor(_LOOKS_AT_ONCE, "compare") as looks:
        return {video.video_id for video, same in zip(known, looks.map(is_same, known), strict=True) if same}


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

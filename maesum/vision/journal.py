"""Keep on disk what an extraction has finished, so that a killed one continues after the last finished video.

The folder `<out>.parts` holds::

    settings.json   all settings that the bytes depend on; an extraction with other settings refuses to continue
    features.bin    rows of all videos in the order in which they were finished
    journal.jsonl   one line per finished or failed video, written only after its rows are on disk

Rows after those of the last journal line, and a last line without line feed, belong to a video that was not finished:
they are cut off when the extraction continues. A video may have several lines: the last one counts.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from maesum.system.errors import MaesumError
from maesum.system.files import atomic_path, read_json
from maesum.vision.fingerprint import Fingerprint
from maesum.vision.journal_lines import read_line


@dataclass(frozen=True)
class Finished:
    """A finished video: `length` rows from row `start` of features.bin.

    Attributes:
        source: the fields of the `Fingerprint` of its file.
        remarks: what is wrong with the file although it could be used.
    """

    video_id: str
    start: int
    length: int
    n_frames: int
    fps: float
    source: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


class Journal:
    """The journal of one output file, opened to start or continue it; use it in a `with` block.

    Args:
        folder: `<out>.parts`.
        settings: all settings that the features depend on, as plain values.
        dtype: dtype of the rows.

    Attributes:
        finished: finished videos by video id.
        failed: reason of failure by video id.

    Raises:
        MaesumError: another process is writing, or the folder belongs to an extraction with other settings.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], dtype: np.dtype) -> None:
        self.folder, self.dtype = folder, dtype
        self.finished: dict[str, Finished] = {}
        self.failed: dict[str, str] = {}
        self.width: int | None = None
        self._rows = 0  # rows of all finished videos
        self._rows_unfinished = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lines: IO[bytes] = (folder / "journal.jsonl").open("ab+")
        except OSError as error:
            raise MaesumError(f"{folder}: cannot be written ({error.strerror}); choose another out=.") from None
        _lock(self._lines, folder)
        _check_settings(folder / "settings.json", settings)
        self._read()
        self._data: IO[bytes] = (folder / "features.bin").open("ab", buffering=0)
        self._cut()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exception: object) -> None:
        self._data.close()
        self._lines.close()
        if not self.finished and not self.failed:  # nothing to continue from
            shutil.rmtree(self.folder, ignore_errors=True)

    def append(self, rows: np.ndarray) -> None:
        """Add rows [k, D] of the current video.

        Raises:
            MaesumError: the disk is full.
        """
        if self.width is None:
            self.width = rows.shape[1]
        try:
            view = memoryview(rows.tobytes())
            while view:  # an unbuffered write may take a part only
                view = view[self._data.write(view) :]
        except OSError as error:
            raise MaesumError(
                f"{self.folder}: writing failed ({error.strerror}); make room and run the command again, it continues."
            ) from None
        self._rows_unfinished += len(rows)

    def finish(
        self, video_id: str, n_frames: int, fps: float, source: Fingerprint, remarks: Sequence[str] = ()
    ) -> None:
        """Note the current video as finished; all its rows were added."""
        entry = Finished(video_id, self._rows, self._rows_unfinished, n_frames, fps, asdict(source), list(remarks))
        os.fsync(self._data.fileno())  # the rows must be on disk before the line that declares them finished
        self._write_line(asdict(entry) | {"width": self.width})
        self._set_finished(entry)
        self._rows += self._rows_unfinished
        self._rows_unfinished = 0

    def fail(self, video_id: str, reason: str) -> None:
        """Drop the rows of the current video and note why it failed."""
        self._cut()
        self._write_line({"video_id": video_id, "reason": reason})
        self._set_failed(video_id, reason)

    def sources(self) -> dict[str, Fingerprint]:
        """Return the fingerprints of the files of the finished videos, by video id."""
        return {video_id: Fingerprint(**entry.source) for video_id, entry in self.finished.items() if entry.source}

    def rows(self, entry: Finished) -> np.ndarray:
        """Return the rows [length, D] of a finished video, mapped from the disk."""
        start = entry.start * self.dtype.itemsize * (self.width or 0)
        return np.memmap(self.folder / "features.bin", self.dtype, "r", start, (entry.length, self.width or 0))

    def remove(self) -> None:
        """Delete the folder, once the output file holds everything."""
        self._data.close()
        self._lines.close()
        (self.folder / "journal.jsonl").unlink()  # first: a folder without it holds nothing that is still needed
        shutil.rmtree(self.folder)

    def _read(self) -> None:
        self._lines.seek(0)
        content = self._lines.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._lines.truncate(len(whole))
        for line in whole.splitlines():
            entry = read_line(line, self._rows, self.width, self.folder)
            if "reason" in entry:
                self._set_failed(entry["video_id"], entry["reason"])
                continue
            self.width = entry.pop("width")
            self._set_finished(Finished(**entry))
            self._rows += entry["length"]

    def _set_finished(self, entry: Finished) -> None:
        self.finished[entry.video_id] = entry
        self.failed.pop(entry.video_id, None)

    def _set_failed(self, video_id: str, reason: str) -> None:
        self.failed[video_id] = reason
        self.finished.pop(video_id, None)

    def _cut(self) -> None:
        """Shorten features.bin to the finished videos."""
        wanted = self._rows * self.dtype.itemsize * (self.width or 0)
        found = self._data.seek(0, os.SEEK_END)
        if found < wanted:
            raise MaesumError(
                f"{self.folder / 'features.bin'}: has {found} bytes, wanted {wanted} by its journal; delete the folder "
                "to start anew."
            )
        self._data.truncate(wanted)
        self._rows_unfinished = 0

    def _write_line(self, entry: dict[str, Any]) -> None:
        self._lines.write(json.dumps(entry).encode() + b"\n")
        self._lines.flush()
        os.fsync(self._lines.fileno())


def is_unfinished(folder: Path) -> bool:
    """Whether the folder holds an extraction to continue; remove the rest of a partly deleted folder."""
    if (folder / "journal.jsonl").exists():
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _check_settings(path: Path, settings: dict[str, Any]) -> None:
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=2), encoding="utf-8")
        return
    found = read_json(path)
    if not isinstance(found, dict):
        raise MaesumError(
            f"{path}: holds a {type(found).__name__}, wanted a mapping; delete {path.parent} to start anew."
        )
    for key, value in settings.items():
        if found.get(key) != value:
            raise MaesumError(
                f"{path}: the unfinished extraction has {key}={found.get(key)!r}, but this one {key}={value!r}; finish "
                f"it with its own settings, or delete {path.parent}."
            )


def _lock(file: IO[bytes], folder: Path) -> None:
    """Keep a second process out until this one ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise MaesumError(f"{folder}: another process is extracting to the same out=; wait for it.") from None
    except OSError:
        return  # a file system without locks

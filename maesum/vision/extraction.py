"""Features of many videos into one file in the features format, at the speed of the slower of decoder and network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maesum.data.features import write_features
from maesum.errors import MaesumError
from maesum.vision import preprocessing
from maesum.vision.encoding import Encoder, Rows
from maesum.vision.failures import failures_path, read_failures, write_failures
from maesum.vision.journal import Journal, is_unfinished
from maesum.vision.meter import Meter
from maesum.vision.read_ahead import VideoEnd, read_ahead
from maesum.vision.videos import Video


@dataclass(frozen=True)
class Extracted:
    """What an extraction did.

    Attributes:
        path: the features file.
        failures: reason by video id, of the videos that are not in it.
        failures_path: the CSV file that lists them; None without failures.
        videos: in the file.
        videos_before: of them, finished by an earlier job that was stopped.
        frames: extracted by this job.
        seconds: that it took.
    """

    path: Path
    failures: dict[str, str]
    failures_path: Path | None
    videos: int
    videos_before: int
    frames: int
    seconds: float


def extract(
    videos: Sequence[Video],
    out: str | Path,
    encoder: Encoder,
    every: int = 1,
    workers: int | None = None,
    shard: tuple[int, int] | None = None,
) -> Extracted:
    """Compute features of every `every`-th frame of each video.

    A job that was stopped continues where it was, and ends with the same bytes as one that was not. Videos that cannot
    be read are listed in `<out>.failures.csv` with the reason and do not stop the others.

    Args:
        workers: videos decoded at a time; None = one less than there are cores.
        shard: number (from 1) and count, where these videos are a part of a set; kept in the file.

    Raises:
        MaesumError: no video could be read, settings differ from those of the job to continue, or the disk is full.
    """
    out = Path(out)
    if every < 1:
        raise MaesumError(f"every is {every}, wanted a whole number of at least 1.")
    if workers is not None and workers < 1:
        raise MaesumError(f"workers is {workers}, wanted a whole number of at least 1.")
    workers = workers or max(1, (os.cpu_count() or 1) - 1)
    parts = Path(f"{out}.parts")
    if out.exists() and not is_unfinished(parts):
        return _already_complete(videos, out, encoder, every)
    settings = _settings(encoder, every)
    with Journal(parts, settings, encoder.dtype) as journal:
        before = len(journal.finished)
        to_do = [video for video in videos if video.video_id not in journal.finished.keys() | journal.failed.keys()]
        with Meter(len(to_do)) as meter:
            _run(to_do, encoder, every, workers, journal, meter)
        listed_in = _assemble(videos, out, encoder, every, journal, shard)
        failures = {
            video.video_id: journal.failed[video.video_id] for video in videos if video.video_id in journal.failed
        }
        finished = len(videos) - len(failures)
        journal.remove()
    return Extracted(out, failures, listed_in, finished, before, meter.frames, meter.seconds)


def _settings(encoder: Encoder, every: int) -> dict[str, Any]:
    """Everything besides the videos that the bytes of the result depend on."""
    return {
        "backbone": encoder.description,
        "preprocessing": preprocessing.DESCRIPTION,
        "every": every,
        "dtype": str(encoder.dtype),
        "precision": encoder.precision,
        "batch_size": encoder.batch_size,
        "device": encoder.device.type,
    }


def _run(videos: Sequence[Video], encoder: Encoder, every: int, workers: int, journal: Journal, meter: Meter) -> None:
    if not videos:
        return
    for encoded in encoder.encode(read_ahead(videos, every, workers)):
        if isinstance(encoded, Rows):
            journal.append(encoded.features)
            meter.add_frames(len(encoded.features))
            continue
        if isinstance(encoded, VideoEnd):
            journal.finish(encoded.video.video_id, encoded.n_frames, encoded.fps)
        else:
            journal.fail(encoded.video.video_id, encoded.reason)
        meter.add_video()


def _assemble(
    videos: Sequence[Video],
    out: Path,
    encoder: Encoder,
    every: int,
    journal: Journal,
    shard: tuple[int, int] | None,
) -> Path | None:
    """Write the features file in the order of `videos`, and the failures beside it; returns the failures' file."""
    kept = [video for video in videos if video.video_id in journal.finished]
    failed = [video for video in videos if video.video_id in journal.failed]
    listed_in = write_failures(out, failed, journal.failed)
    if not kept:
        journal.remove()
        reason = journal.failed[failed[0].video_id]
        raise MaesumError(f"{listed_in}: none of the {len(failed)} video(s) could be read; the first: {reason}")
    ids = [video.video_id for video in kept]
    entries = [journal.finished[video_id] for video_id in ids]
    labels = [video.label or "" for video in kept]
    write_features(
        out,
        ids,
        [entry.length for entry in entries],
        journal.arrays(ids),
        dtype=str(encoder.dtype),
        backbone=encoder.description,
        preprocessing=preprocessing.DESCRIPTION,
        frame_step=every,
        fps=[entry.fps for entry in entries],
        labels=labels if any(labels) else None,
        n_frames=[entry.n_frames for entry in entries],
        shard=shard,
    )
    return listed_in


def _already_complete(videos: Sequence[Video], out: Path, encoder: Encoder, every: int) -> Extracted:
    """What an earlier job left, if it is what this one was asked for.

    Raises:
        MaesumError: the file holds other videos or was made with other settings.
    """
    from maesum.data.store import FeatureStore

    store = FeatureStore(out)
    found = {"backbone": store.backbone, "every": store.frame_step, "dtype": str(store.dtype).removeprefix("torch.")}
    wanted = {"backbone": encoder.description, "every": every, "dtype": str(encoder.dtype)}
    for key, value in wanted.items():
        if found[key] != value:
            raise MaesumError(
                f"{out}: exists already with {key}={found[key]!r}, but {key}={value!r} is wanted; choose another out= "
                "or delete it."
            )
    failures = read_failures(out)
    for video in videos:
        if video.video_id not in store and video.video_id not in failures:
            raise MaesumError(
                f"{out}: exists already without video '{video.video_id}'; choose another out= or delete it."
            )
    return Extracted(out, failures, failures_path(out) if failures else None, len(store), len(store), 0, 0.0)

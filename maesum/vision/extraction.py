"""Extract features of many videos into one features file, decoding and computing at the same time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from maesum.system.errors import MaesumError
from maesum.vision import preprocessing
from maesum.vision.assembling import Part, part_of_earlier, part_of_journal, remarks_on, write_lists, write_parts
from maesum.vision.earlier import Earlier, unchanged
from maesum.vision.encoding import Encoder, Rows
from maesum.vision.journal import Journal, is_unfinished
from maesum.vision.meter import Meter
from maesum.vision.read_ahead import VideoEnd, read_ahead
from maesum.vision.videos import Video

#: What to do with videos that are in the output file but not among the videos to extract.
Others = Literal["keep", "drop", "refuse"]


@dataclass(frozen=True)
class Extracted:
    """The result of an extraction.

    Attributes:
        path: the features file.
        failures: reason by video id, for the videos that are not in the file.
        failures_path: the CSV file that lists the failures; None if there are none.
        videos: number of requested videos that are in the file.
        videos_before: number of these that an earlier run had finished.
        others: number of videos in the file that were not requested.
        changed: ids of the videos that were extracted again because their files had changed.
        remarks: what is wrong with damaged videos that are in the file, by video id.
        warnings_path: the CSV file that lists the remarks; None if there are none.
        frames: number of frames extracted by this run.
        seconds: duration of this run.
    """

    path: Path
    failures: dict[str, str]
    failures_path: Path | None
    videos: int
    videos_before: int
    others: int
    changed: tuple[str, ...]
    remarks: dict[str, str]
    warnings_path: Path | None
    frames: int
    seconds: float


def extract(
    videos: Sequence[Video],
    out: str | Path,
    encoder: Encoder,
    every: int = 1,
    workers: int | None = None,
    others: Others = "keep",
    shard: tuple[int, int] | None = None,
) -> Extracted:
    """Compute features of every `every`-th frame of each video.

    Videos that an earlier run finished are kept if their files have not changed, even if that run was stopped; videos
    that are new, have changed or could not be read are extracted. An extraction that was stopped and continued gives
    the same bytes as one that was not. Videos of which no frame can be decoded are listed in `<out>.failures.csv` with
    the reason; damaged ones are used as far as they can be decoded, and listed in `<out>.warnings.csv`.

    Args:
        every: frame step.
        workers: videos decoded at a time; None = one fewer than there are cores.
        others: what to do with videos that are in `out` but not among `videos`.
        shard: number (from 1) and count of shards, if these videos are a part of a set; noted in the file.

    Raises:
        MaesumError: no video could be read, the settings differ from those of the run to continue, or the disk is full.
        MachineShortage: the machine is short of file handles, threads or memory; finished videos are kept.
    """
    out = Path(out)
    if every < 1:
        raise MaesumError(f"every is {every}, wanted a whole number of at least 1.")
    if workers is not None and workers < 1:
        raise MaesumError(f"workers is {workers}, wanted a whole number of at least 1.")
    workers = workers or max(1, (os.cpu_count() or 1) - 1)
    settings = _settings(encoder, every)
    earlier = Earlier(out, settings)
    other_ids = _others(videos, earlier, out, others)
    there = unchanged(videos, {video_id: made.source for video_id, made in earlier.made.items()})
    parts = Path(f"{out}.parts")
    if not is_unfinished(parts) and _is_as_wanted(videos, earlier, there, other_ids):
        return _as_it_is(videos, out, earlier, len(other_ids))
    with Journal(parts, settings, encoder.dtype) as journal:
        before = there | unchanged(videos, journal.sources())
        to_do = [video for video in videos if video.video_id not in before]
        changed = tuple(video.video_id for video in to_do if video.video_id in {*earlier.made, *journal.finished})
        with Meter(len(to_do)) as meter:
            _run(to_do, encoder, every, workers, journal, meter)
        finished = [
            part_of_earlier(earlier, video.video_id, video.label)
            if video.video_id in there
            else part_of_journal(journal, video, settings)
            for video in videos
            if video.video_id in there or video.video_id in journal.finished
        ]
        failures = {
            v.video_id: journal.failed[v.video_id] for v in videos if v.video_id in journal.failed.keys() - there
        }
        remarks = remarks_on(finished)
        listed = write_lists(out, videos, failures, remarks)
        if not finished:
            journal.remove()
            first = next(iter(failures.values()))
            raise MaesumError(f"{listed[0]}: none of the {len(failures)} video(s) could be read; the first: {first}")
        ids = {part.video_id for part in finished}
        if not _is_as_wanted([video for video in videos if video.video_id in ids], earlier, there, other_ids):
            write_parts(out, _with_others(finished, earlier, other_ids), settings, shard)
        journal.remove()
    return Extracted(
        path=out,
        failures=failures,
        failures_path=listed[0],
        videos=len(finished),
        videos_before=len(before),
        others=len(other_ids),
        changed=changed,
        remarks=remarks,
        warnings_path=listed[1],
        frames=meter.frames,
        seconds=meter.seconds,
    )


def _settings(encoder: Encoder, every: int) -> dict[str, Any]:
    """Return all settings that the bytes of the result depend on, apart from the videos."""
    return {
        "backbone": encoder.description,
        "weights": encoder.weights,
        "preprocessing": preprocessing.DESCRIPTION,
        "every": every,
        "dtype": str(encoder.dtype),
        "precision": encoder.precision,
        "batch_size": encoder.batch_size,
        "device": encoder.device.type,
    }


def _others(videos: Sequence[Video], earlier: Earlier, out: Path, others: Others) -> list[str]:
    """Return the ids of the videos that stay in the file besides the requested ones."""
    wanted = {video.video_id for video in videos}
    ids = [video_id for video_id in earlier.made if video_id not in wanted]
    if ids and others == "refuse":
        raise MaesumError(
            f"{out}: exists already with video '{ids[0]}', which is not of this part of the videos now; choose another "
            "out= or delete it."
        )
    return ids if others == "keep" else []


def _is_as_wanted(videos: Sequence[Video], earlier: Earlier, there: set[str], other_ids: Sequence[str]) -> bool:
    """Whether the file holds exactly the requested videos, with their current labels, and the others."""
    return (
        all(video.video_id in there for video in videos)
        and len(earlier.made) == len(videos) + len(other_ids)
        and all((video.label or "") == earlier.label(video.video_id) for video in videos)
    )


def _as_it_is(videos: Sequence[Video], out: Path, earlier: Earlier, others: int) -> Extracted:
    """Return the result if there is nothing to extract; remove a list of failures that is out of date."""
    remarks = remarks_on([part_of_earlier(earlier, video.video_id, video.label) for video in videos])
    failures_csv, warnings_csv = write_lists(out, videos, {}, remarks)
    count = len(videos)
    return Extracted(out, {}, failures_csv, count, count, others, (), remarks, warnings_csv, 0, 0.0)


def _run(videos: Sequence[Video], encoder: Encoder, every: int, workers: int, journal: Journal, meter: Meter) -> None:
    if not videos:
        return
    for encoded in encoder.encode(read_ahead(videos, every, workers)):
        if isinstance(encoded, Rows):
            journal.append(encoded.features)
            meter.add_frames(len(encoded.features))
            continue
        if isinstance(encoded, VideoEnd):
            assert encoded.source is not None  # None only in tests
            journal.finish(encoded.video.video_id, encoded.n_frames, encoded.fps, encoded.source, encoded.remarks)
        else:
            journal.fail(encoded.video.video_id, encoded.reason)
        meter.add_video()


def _with_others(finished: Sequence[Part], earlier: Earlier, other_ids: Sequence[str]) -> list[Part]:
    """Return the requested videos and the others; if there are others, all are sorted by id."""
    if not other_ids:
        return list(finished)
    others = [part_of_earlier(earlier, video_id, earlier.label(video_id)) for video_id in other_ids]
    return sorted([*finished, *others], key=lambda part: part.video_id)

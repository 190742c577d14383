"""Decoding ahead of the network: several videos at a time in threads, handed over in order, in bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Full, Queue
from typing import TypeAlias, TypeVar

import numpy as np

from maesum.vision.clock import Timeline
from maesum.vision.container import MachineShortage, UnreadableVideo, check_shortage
from maesum.vision.decode import read_frames
from maesum.vision.fingerprint import Fingerprint, fingerprint
from maesum.vision.preprocessing import centre_crop
from maesum.vision.videos import Video

#: Frames of one video that wait decoded: 45 MB, a whole Kinetics clip.
FRAMES_AHEAD = 300
_SECONDS_BETWEEN_STOP_CHECKS = 0.2

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Picture:
    """A preprocessed frame, [224, 224, 3] uint8."""

    image: np.ndarray


@dataclass(frozen=True)
class VideoEnd:
    """All frames of a video that can be decoded were given.

    Attributes:
        n_frames: the skipped ones included.
        fps: by the times of the frames.
        remarks: what is wrong with the file although it can be used.
        source: what the file was.
    """

    video: Video
    n_frames: int
    fps: float
    remarks: tuple[str, ...] = ()
    source: Fingerprint | None = None


@dataclass(frozen=True)
class VideoFailure:
    """A video cannot be decoded; what was given of it is void."""

    video: Video
    reason: str


@dataclass(frozen=True)
class _Ended:
    """The machine is short of something: the job ends with this error."""

    error: MachineShortage


Event: TypeAlias = Picture | VideoEnd | VideoFailure


def read_ahead(videos: Sequence[Video], every: int, workers: int) -> Iterator[Event]:
    """Decode and preprocess videos in `workers` threads.

    The events come in the order of `videos`, and within each in the order of its frames: the pictures, then its end or
    its failure. While one video is consumed, the next ones are decoded up to `FRAMES_AHEAD` frames each, so memory
    depends on `workers` only, not on how long the videos are.

    Args:
        every: keep every k-th frame.

    Raises:
        MachineShortage: the machine is short of file handles, threads or memory, which is no fault of a video.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(workers, "decode") as decoders, ThreadPoolExecutor(workers, "resize") as resizers:
        # A lone long video gets all the threads; many short ones are faster with one each.
        threads_each = max(1, workers // min(workers, len(videos)))

        def start(video: Video) -> Queue[Event | _Ended]:
            events: Queue[Event | _Ended] = Queue(FRAMES_AHEAD)
            try:
                decoders.submit(_decode_into, events, video, every, threads_each, resizers, stop)
            except RuntimeError as error:  # no thread could be started
                check_shortage(error, video.path)
                raise
            return events

        try:
            yield from _in_order(videos, start, ahead=workers)
        finally:
            stop.set()  # decoders that wait for room give up, whether the consumer finished or failed


def _in_order(videos: Iterable[Video], start: Callable[[Video], Queue[Event | _Ended]], ahead: int) -> Iterator[Event]:
    waiting = iter(videos)
    running: deque[Queue[Event | _Ended]] = deque()
    while True:
        while len(running) < ahead and (video := next(waiting, None)) is not None:
            running.append(start(video))
        if not running:
            return
        events = running.popleft()
        while True:
            event = events.get()
            if isinstance(event, _Ended):
                raise event.error
            yield event
            if not isinstance(event, Picture):
                break


def _decode_into(
    events: Queue[Event | _Ended],
    video: Video,
    every: int,
    threads: int,
    resizers: ThreadPoolExecutor,
    stop: threading.Event,
) -> None:
    """Decode one video into its queue; always ends with an end, a failure or a shortage, unless told to stop."""
    end: VideoEnd | VideoFailure | _Ended
    try:
        end = _decode(events, video, every, threads, resizers, stop)
    except Exception as error:  # a decoder's surprise on one file must not end a job of thousands
        end = _end_by(error, video)
    _put(events, end, stop)


def _end_by(error: Exception, video: Video) -> VideoFailure | _Ended:
    """How a video ends that could not be decoded: it fails, unless the machine is what failed."""
    if isinstance(error, MachineShortage):
        return _Ended(error)
    try:
        check_shortage(error, video.path)
    except MachineShortage as shortage:
        return _Ended(shortage)
    known = isinstance(error, UnreadableVideo)
    return VideoFailure(video, str(error) if known else f"{video.path}: {type(error).__name__}: {error}")


def _decode(
    events: Queue[Event | _Ended],
    video: Video,
    every: int,
    threads: int,
    resizers: ThreadPoolExecutor,
    stop: threading.Event,
) -> VideoEnd:
    """Put the pictures of one video into its queue; returns its end."""
    seen: list[Timeline] = []

    def images() -> Iterator[np.ndarray]:
        seen.append((yield from read_frames(video.path, every, threads)))

    pictures = ordered_map(resizers, centre_crop, images(), ahead=2 * threads + 2)
    before = _state(video)
    try:
        for image in pictures:
            if not _put(events, Picture(image), stop):
                break
    finally:
        pictures.close()
    source = fingerprint(video.path)
    if before != (source.size, source.modified_ns):
        raise UnreadableVideo(f"{video.path}: was changed while it was read; run the command again.")
    if not seen:  # told to stop
        return VideoEnd(video, 0, 0.0)
    return VideoEnd(video, seen[0].n_frames, seen[0].fps, seen[0].remarks, source)


def _state(video: Video) -> tuple[int, int] | None:
    """Size and time of a file; None where there is none, which decoding then says."""
    try:
        status = video.path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def ordered_map(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Generator[Result, None, None]:
    """`function` of each item, computed in a pool, in order, with at most `ahead` items taken beforehand."""
    pending: deque[Future[Result]] = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) >= ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _put(events: Queue[Event | _Ended], event: Event | _Ended, stop: threading.Event) -> bool:
    """Wait for room in the queue; False when the consumer has gone."""
    while not stop.is_set():
        try:
            events.put(event, timeout=_SECONDS_BETWEEN_STOP_CHECKS)
            return True
        except Full:
            continue
    return False

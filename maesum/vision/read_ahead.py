"""Decode ahead of the network: several videos at a time in threads, delivered in order, in bounded memory."""

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

#: Largest number of decoded frames of one video that wait in its queue: 45 MB, a whole Kinetics clip.
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
    """The event after the last frame of a video that can be decoded.

    Attributes:
        n_frames: number of frames, including those that the frame step skips.
        fps: frames per second, from the times of the frames.
        remarks: what is wrong with the file although it can be used.
        source: fingerprint of the file.
    """

    video: Video
    n_frames: int
    fps: float
    remarks: tuple[str, ...] = ()
    source: Fingerprint | None = None


@dataclass(frozen=True)
class VideoFailure:
    """The event that a video cannot be decoded; pictures of it that came before must be discarded."""

    video: Video
    reason: str


@dataclass(frozen=True)
class _Ended:
    """The event that the machine is short of a resource: the extraction ends with this error."""

    error: MachineShortage


Event: TypeAlias = Picture | VideoEnd | VideoFailure


def read_ahead(videos: Sequence[Video], every: int, workers: int) -> Iterator[Event]:
    """Decode and preprocess videos in `workers` threads.

    The events come in the order of `videos`, and within each in the order of its frames: the pictures, then its end or
    its failure. While one video is consumed, the next ones are decoded up to `FRAMES_AHEAD` frames each, so memory
    depends on `workers` only, not on how long the videos are.

    Args:
        every: frame step: every k-th frame is decoded to a picture.

    Raises:
        MachineShortage: the machine is short of file handles, threads or memory, which is no fault of a video.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(workers, "decode") as decoders, ThreadPoolExecutor(workers, "resize") as resizers:
        # A single long video gets all the threads; many short ones are faster with one thread each.
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
            stop.set()  # end the decoders that wait for room in their queue, whether the consumer finished or failed


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
    """Decode one video into its queue; the last event is its end, a failure or a shortage, unless `stop` is set."""
    end: VideoEnd | VideoFailure | _Ended
    try:
        end = _decode(events, video, every, threads, resizers, stop)
    except Exception as error:  # an unexpected error in one file must not end the extraction of thousands
        end = _end_by(error, video)
    _put(events, end, stop)


def _end_by(error: Exception, video: Video) -> VideoFailure | _Ended:
    """Return the event for an error in decoding: a failure of the video, or a shortage of the machine."""
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
    """Put the pictures of one video into its queue; return its end event."""
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
    if not seen:  # `stop` was set
        return VideoEnd(video, 0, 0.0)
    return VideoEnd(video, seen[0].n_frames, seen[0].fps, seen[0].remarks, source)


def _state(video: Video) -> tuple[int, int] | None:
    """Return size and time of a file; None if there is no file, which decoding will report."""
    try:
        status = video.path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def ordered_map(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Generator[Result, None, None]:
    """Yield `function(item)` of each item in order, computed in a pool at most `ahead` items in advance."""
    pending: deque[Future[Result]] = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) >= ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _put(events: Queue[Event | _Ended], event: Event | _Ended, stop: threading.Event) -> bool:
    """Put an event into the queue once there is room; return False if `stop` was set before."""
    while not stop.is_set():
        try:
            events.put(event, timeout=_SECONDS_BETWEEN_STOP_CHECKS)
            return True
        except Full:
            continue
    return False

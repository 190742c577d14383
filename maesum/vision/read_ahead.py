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

from maesum.vision.decode import UnreadableVideo, frame_rate, read_frames
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
    """All frames of a video were given; `n_frames` counts the skipped ones too."""

    video: Video
    n_frames: int
    fps: float


@dataclass(frozen=True)
class VideoFailure:
    """A video cannot be decoded; what was given of it is void."""

    video: Video
    reason: str


Event: TypeAlias = Picture | VideoEnd | VideoFailure


def read_ahead(videos: Sequence[Video], every: int, workers: int) -> Iterator[Event]:
    """Decode and preprocess videos in `workers` threads.

    The events come in the order of `videos`, and within each in the order of its frames: the pictures, then its end or
    its failure. While one video is consumed, the next ones are decoded up to `FRAMES_AHEAD` frames each, so memory
    depends on `workers` only, not on how long the videos are.

    Args:
        every: keep every k-th frame.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(workers, "decode") as decoders, ThreadPoolExecutor(workers, "resize") as resizers:
        # A lone long video gets all the threads; many short ones are faster with one each.
        threads_each = max(1, workers // min(workers, len(videos)))

        def start(video: Video) -> Queue[Event]:
            events: Queue[Event] = Queue(FRAMES_AHEAD)
            decoders.submit(_decode_into, events, video, every, threads_each, resizers, stop)
            return events

        try:
            yield from _in_order(videos, start, ahead=workers)
        finally:
            stop.set()  # decoders that wait for room give up, whether the consumer finished or failed


def _in_order(videos: Iterable[Video], start: Callable[[Video], Queue[Event]], ahead: int) -> Iterator[Event]:
    waiting = iter(videos)
    running: deque[Queue[Event]] = deque()
    while True:
        while len(running) < ahead and (video := next(waiting, None)) is not None:
            running.append(start(video))
        if not running:
            return
        events = running.popleft()
        while True:
            event = events.get()
            yield event
            if not isinstance(event, Picture):
                break


def _decode_into(
    events: Queue[Event], video: Video, every: int, threads: int, resizers: ThreadPoolExecutor, stop: threading.Event
) -> None:
    """Decode one video into its queue; always ends with an end or a failure, unless told to stop."""
    n_frames = 0

    def images() -> Iterator[np.ndarray]:
        nonlocal n_frames
        n_frames = yield from read_frames(video.path, every, threads)

    pictures = ordered_map(resizers, centre_crop, images(), ahead=2 * threads + 2)
    try:
        for image in pictures:
            if not _put(events, Picture(image), stop):
                return
        _put(events, VideoEnd(video, n_frames, frame_rate(video.path)), stop)
    except UnreadableVideo as error:
        _put(events, VideoFailure(video, str(error)), stop)
    except Exception as error:  # a decoder's surprise on one file must not end a job of thousands
        _put(events, VideoFailure(video, f"{video.path}: {type(error).__name__}: {error}"), stop)
    finally:
        pictures.close()


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


def _put(events: Queue[Event], event: Event, stop: threading.Event) -> bool:
    """Wait for room in the queue; False when the consumer has gone."""
    while not stop.is_set():
        try:
            events.put(event, timeout=_SECONDS_BETWEEN_STOP_CHECKS)
            return True
        except Full:
            continue
    return False

"""Decoding in threads keeps the order, bounds the memory and survives broken files."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from maesum.vision import read_ahead as module
from maesum.vision.container import MachineShortage
from maesum.vision.read_ahead import Picture, VideoEnd, VideoFailure, read_ahead
from maesum.vision.videos import Video
from tests.vision.limits import file_handles
from tests.vision.synthetic import level, write_video


@pytest.fixture
def videos(tmp_path: Path) -> list[Video]:
    videos = [Video(f"v{n}", write_video(tmp_path / f"v{n}.mp4", 20 + n)) for n in range(5)]
    videos[2].path.write_bytes(b"no video")
    return videos


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_events_come_in_order(videos: list[Video], workers: int) -> None:
    expected: list[object] = []
    for number in range(5):
        if number == 2:
            expected.append("v2 failed")
            continue
        expected += [level(frame) for frame in range(0, 20 + number, 3)] + [(f"v{number}", 20 + number)]
    found: list[object] = []
    for event in read_ahead(videos, 3, workers):
        if isinstance(event, Picture):
            shown = float(event.image.mean())
            found.append(min((level(n) for n in range(30)), key=lambda grey: abs(grey - shown)))
        elif isinstance(event, VideoEnd):
            found.append((event.video.video_id, event.n_frames))
            assert event.fps == pytest.approx(25, abs=0.5)
        else:
            assert "cannot be decoded" in event.reason
            found.append(f"{event.video.video_id} failed")
    assert found == expected


def test_waiting_frames_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRAMES_AHEAD", 8)
    made = 0
    crop = module.centre_crop

    def counted(image: object) -> object:
        nonlocal made
        made += 1
        return crop(image)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "centre_crop", counted)
    events = read_ahead([Video("long", write_video(tmp_path / "long.mp4", 300))], 1, 1)
    next(events)
    time.sleep(0.5)  # as far ahead as it ever gets
    assert made <= 8 + 4 + 2  # the queue, the frames in the resizers, and those handed over
    assert sum(isinstance(event, Picture) for event in events) == 299


def test_a_consumer_that_stops_leaves_no_thread(videos: list[Video], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRAMES_AHEAD", 2)
    before = threading.active_count()
    events = read_ahead(videos, 1, 3)
    next(events)
    events.close()
    assert threading.active_count() == before


def test_any_failure_of_a_decoder_is_the_video_s(videos: list[Video], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(image: object) -> object:
        raise ValueError("surprise")

    monkeypatch.setattr(module, "centre_crop", broken)
    events = list(read_ahead(videos[:1], 1, 1))
    assert isinstance(events[-1], VideoFailure)
    assert "ValueError: surprise" in events[-1].reason


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EMFILE, "Too many open files")])
def test_what_the_machine_lacks_ends_the_job(
    videos: list[Video], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def short(image: object) -> object:
        raise error

    monkeypatch.setattr(module, "centre_crop", short)
    with pytest.raises(MachineShortage, match=r"v0\.mp4: cannot be read now"):
        list(read_ahead(videos, 1, 2))


@pytest.mark.skipif(os.name != "posix", reason="needs limits of a process")
def test_no_file_handle_is_left(videos: list[Video]) -> None:
    list(read_ahead(videos, 1, 2))  # what is imported at the first time is there
    with file_handles(left=0), pytest.raises(MachineShortage, match="Too many open files"):
        list(read_ahead(videos, 1, 2))


def test_a_file_that_changes_while_it_is_read(videos: list[Video], monkeypatch: pytest.MonkeyPatch) -> None:
    crop = module.centre_crop

    def touched(image: object) -> object:
        os.utime(videos[0].path, (1, 1))
        return crop(image)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "centre_crop", touched)
    event = list(read_ahead(videos[:1], 1, 1))[-1]
    assert isinstance(event, VideoFailure)
    assert "was changed while it was read" in event.reason

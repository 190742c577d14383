"""A summary plays in a fresh decoder, keeps the frames that were chosen, and its sound stays in step."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from maesum.summaries.one_video import current_timeline
from maesum.summaries.recording import record
from maesum.summaries.sound import Sound
from maesum.system.errors import MaesumError
from maesum.vision.clock import Clock, Timeline
from maesum.vision.container import UnreadableVideo
from maesum.vision.decode import timeline_of
from tests.vision.synthetic import SAMPLE_RATE, damage_sound, level, rotate_flag, write_video


def written(path: Path) -> tuple[list[float], list[float], np.ndarray]:
    """Times and grey levels of the pictures, and the sound [samples] with silence where there is none."""
    with av.open(str(path)) as container:
        pictures = [(frame.time, float(frame.to_ndarray(format="gray").mean())) for frame in container.decode(video=0)]
    sound = np.zeros(0, np.float32)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0) if container.streams.audio else ():
            start = round(frame.time * SAMPLE_RATE)
            sound = np.pad(sound, (0, max(0, start - len(sound))))[:start]
            sound = np.concatenate([sound, frame.to_ndarray()[0]])
    return [time for time, _ in pictures], [grey for _, grey in pictures], sound


def record_runs(
    source: Path, out: Path, runs: list[tuple[int, int]], n_frames: int, height: int | None = None
) -> float:
    timeline = timeline_of(source)
    assert timeline.n_frames == n_frames
    return record(source, out, runs, timeline, height).seconds


def flashes(number: int) -> bool:
    return number % 20 in (4, 5)


@pytest.mark.parametrize("runs", [[(0, 99)], [(3, 30), (42, 47), (60, 99)], [(24, 25)]])
def test_beeps_stay_with_flashes(tmp_path: Path, runs: list[tuple[int, int]]) -> None:
    images = [np.full((48, 64, 3), 230 if flashes(number) else 20, np.uint8) for number in range(100)]
    samples = SAMPLE_RATE // 25
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(100 * samples) / SAMPLE_RATE)
    sound = (tone * np.repeat([flashes(number) for number in range(100)], samples)).astype(np.float32)
    source = write_video(tmp_path / "a.mp4", 100, images=images, sound=sound)

    length = record_runs(source, tmp_path / "s.mp4", runs, 100)
    times, greys, heard = written(tmp_path / "s.mp4")
    numbers = [number for first, last in runs for number in range(first, last + 1)]
    assert length == pytest.approx(len(numbers) / 25, abs=1e-6)
    np.testing.assert_allclose(times, np.arange(len(numbers)) / 25, atol=1e-3)
    assert [grey > 128 for grey in greys] == [flashes(number) for number in numbers]
    assert abs(len(heard) / SAMPLE_RATE - length) < 1 / 25  # sound and picture end within a frame
    heard = np.pad(heard, (0, max(0, len(numbers) * samples - len(heard))))[: len(numbers) * samples]
    loud = np.abs(heard.reshape(-1, samples)).mean(axis=1) > 0.1
    assert loud.tolist() == [flashes(number) for number in numbers]


def test_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    pts = [0, 4, 8, 40, 44, 80, 81, 82, 120, 160]
    source = write_video(tmp_path / "a.mkv", 10, pts=pts)
    record_runs(source, tmp_path / "s.mp4", [(2, 4), (7, 8)], 10)
    times, greys, _ = written(tmp_path / "s.mp4")
    np.testing.assert_allclose(times, [0, 0.32, 0.36, 0.72, 1.10], atol=2e-3)
    np.testing.assert_allclose(greys, [level(number) for number in (2, 3, 4, 7, 8)], atol=3)


def test_odd_sizes_rotation_and_height(tmp_path: Path) -> None:
    odd = write_video(tmp_path / "odd.mkv", 5, (63, 47), "ffv1", "gray")
    record_runs(odd, tmp_path / "odd.mp4", [(0, 4)], 5)
    turned = rotate_flag(write_video(tmp_path / "turned.mp4", 5, (128, 64)), 90)
    record_runs(turned, tmp_path / "upright.mp4", [(0, 4)], 5)
    record_runs(turned, tmp_path / "small.mp4", [(0, 4)], 5, height=32)
    sizes = []
    for name in ("odd", "upright", "small"):
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            stream = container.streams.video[0]
            sizes.append((stream.width, stream.height))
    assert sizes == [(62, 46), (64, 128), (16, 32)]


def test_pictures_of_shots(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mp4", 10)
    written = record(source, tmp_path / "s.mp4", [(2, 3)], timeline_of(source), pictured=[0, 7])
    assert sorted(written.thumbnails) == [0, 7]
    assert all(picture.startswith(b"\xff\xd8") for picture in written.thumbnails.values())


def test_a_file_of_other_frames_than_its_features(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideo, match="has 10 frames, but its features are of 11"):
        current_timeline(write_video(tmp_path / "a.mp4", 10), 11)


def test_a_damaged_file_that_gives_other_frames_with_other_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {0: 8, 1: 10}

    def found(path: Path, threads: int) -> Timeline:
        return Timeline(np.arange(counts.get(threads, 9) + 1) / 25, remarks=("is damaged",), threads=threads)

    monkeypatch.setattr("maesum.summaries.one_video.timeline_of", found)
    assert current_timeline(tmp_path / "a.mp4", 10).threads == 1
    with pytest.raises(UnreadableVideo, match="is damaged, and decoding it gave 11 frames at first and 8 again"):
        current_timeline(tmp_path / "a.mp4", 11)


def test_the_last_picture_is_shown_as_long_as_it_was(tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mkv", 6, pts=[0, 100, 500, 510, 520, 530])
    written = record(source, tmp_path / "s.mp4", [(0, 1)], timeline_of(source))
    assert written.seconds == pytest.approx(5)
    with av.open(str(tmp_path / "s.mp4")) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(5, abs=0.01)


def test_a_slide_show_is_as_long_as_its_slides(tmp_path: Path) -> None:
    pts = [4 * number for number in range(30)] + [120 + 400 * number for number in range(20)]
    timeline = timeline_of(write_video(tmp_path / "a.mkv", 50, pts=pts))
    record(tmp_path / "a.mkv", tmp_path / "s.mp4", [(0, 49)], timeline)
    with av.open(str(tmp_path / "s.mp4")) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(timeline.seconds, abs=0.05)


def _flashes_and_beeps(path: Path) -> Path:
    images = [np.full((48, 64, 3), 230 if flashes(number) else 20, np.uint8) for number in range(100)]
    samples = SAMPLE_RATE // 25
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(100 * samples) / SAMPLE_RATE)
    loud = np.repeat([flashes(number) for number in range(100)], samples)
    return write_video(path, 100, images=images, sound=(tone * loud).astype(np.float32))


def test_sound_follows_the_picture_over_a_jump_of_the_clock(tmp_path: Path) -> None:
    content = _flashes_and_beeps(tmp_path / "a.ts").read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(content + content)
    timeline = timeline_of(joined)
    assert timeline.n_frames == 200
    record(joined, tmp_path / "s.mp4", [(50, 149)], timeline)
    times, greys, heard = written(tmp_path / "s.mp4")
    np.testing.assert_allclose(times, np.arange(100) / 25, atol=2e-3)
    samples = SAMPLE_RATE // 25
    loud = np.abs(np.resize(heard, (100, samples))).mean(axis=1) > 0.1
    is_bright = np.array([grey > 128 for grey in greys])
    assert is_bright.sum() == 10
    assert (loud == is_bright).mean() >= 0.95  # a frame early or late at the joint


def test_damaged_sound_is_silent_there(tmp_path: Path) -> None:
    source = damage_sound(_flashes_and_beeps(tmp_path / "a.mp4"))
    made = record(source, tmp_path / "s.mp4", [(0, 99)], timeline_of(source))
    (remark,) = made.remarks
    assert re.fullmatch(r"damaged packets of its sound: \d+ of \d+, the summary is silent there", remark)
    times, _, heard = written(tmp_path / "s.mp4")
    assert len(times) == 100
    assert len(heard) / SAMPLE_RATE == pytest.approx(4, abs=0.05)


def test_sound_that_changes_its_form(tmp_path: Path) -> None:
    """Files joined end to end may differ in rate and channels."""
    clock = Clock(may_leap=False)
    sound = Sound([(0.0, 2.0)], [0.0, 2.0], clock)
    for rate, layout, start in ((48_000, "mono", 0.0), (44_100, "stereo", 1.0)):
        planes = np.full((1 if layout == "mono" else 2, rate), 0.25, np.float32)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
        sound.add(frame)
    sound.finish()
    kept = np.concatenate(sound._kept, axis=1)
    assert kept.shape == (2, 2 * SAMPLE_RATE)
    assert (np.abs(kept) > 0.1).mean() > 0.99


def test_a_failed_recording_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    with pytest.raises(MaesumError, match=r"bad\.mp4"):
        record(tmp_path / "bad.mp4", tmp_path / "out" / "s.mp4", [(0, 1)], Timeline(np.arange(4) / 25))
    assert list((tmp_path / "out").iterdir()) == []

"""Seconds come from the frames' own times, whatever headers say, and never fall."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from maesum.vision.clock import Clock  # noqa: E402
from maesum.vision.decode import timeline_of  # noqa: E402
from tests.vision.synthetic import level, without_rate, write_video  # noqa: E402


def test_a_recording_without_a_rate(tmp_path: Path) -> None:
    pts = [4 * number + number % 3 for number in range(50)]  # about 25 frames a second, uneven
    path = without_rate(write_video(tmp_path / "a.webm", 50, codec="libvpx", pts=pts))
    with av.open(str(path)) as container:
        assert container.streams.video[0].guessed_rate >= 100  # what FFmpeg makes of it
    timeline = timeline_of(path)
    np.testing.assert_allclose(timeline.times[:-1], np.array(pts) / 100, atol=1e-3)
    assert timeline.fps == pytest.approx(25, abs=0.3)
    assert timeline.remarks == ()


@pytest.mark.parametrize("rate", [25, 30])
def test_a_raw_stream_has_no_times(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "raw.h264"
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(60):
            image = np.full((48, 64, 3), level(number), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    timeline = timeline_of(path)
    assert (timeline.n_frames, timeline.fps) == (60, rate)
    assert timeline.remarks == (f"stores no times of its frames, {rate} frames a second are assumed",)


def test_a_slide_show_keeps_its_times(tmp_path: Path) -> None:
    pts = [4 * number for number in range(75)] + [300 + 400 * number for number in range(25)]
    timeline = timeline_of(write_video(tmp_path / "a.mp4", 100, pts=pts))
    np.testing.assert_allclose(timeline.times[:-1], np.array(pts) / 100, atol=1e-3)
    assert timeline.fps == pytest.approx(100 / 99, abs=0.01)


def test_joined_streams_follow_one_another(tmp_path: Path) -> None:
    content = write_video(tmp_path / "a.ts", 50).read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(content + content)
    timeline = timeline_of(path)
    np.testing.assert_allclose(np.diff(timeline.times), 0.04, atol=1e-3)
    assert timeline.n_frames == 100
    assert timeline.jumps == pytest.approx((2.0,), abs=0.01)
    assert "its clock jumps 1 time(s), the parts are taken to follow one another" in timeline.remarks


def test_a_clock() -> None:
    still = Clock(may_leap=False)
    given = [(1.0, 0.5), (1.5, 0.5), (1.4, 0.5), (100.0, 4.0), (3.0, 0.5), (None, 0.5), (4.0, 0.5)]
    assert [still.seconds(*each) for each in given] == [1.0, 1.5, 1.5, 100.0, 104.0, 104.5, 105.0]
    assert still.jumps == [101.0]
    leaping = Clock(may_leap=True)
    assert [leaping.seconds(*each) for each in given[:4]] == [1.0, 1.5, 1.5, 2.0]
    follower = Clock(may_leap=False, jumps=[7.0])  # sound takes the jumps of the picture
    assert [follower.seconds(5.0, 1.0), follower.seconds(0.0, 1.0)] == [5.0, 7.0]


@pytest.mark.parametrize(
    ("shown", "last_duration", "end"),
    [
        ([0.0, 1.0, 2.0], 4.0, 6.0),  # as stated
        ([0.0, 1.0, 2.0], 0.001, 3.0),  # a tick is no duration
        ([0.0, 1.0, 3.0, 3.0], 0.0, 5.0),
        ([5.0], 0.04, 5.04),
    ],
)
def test_the_end_of_the_last_frame(shown: list[float], last_duration: float, end: float) -> None:
    clock = Clock(may_leap=False)
    for seconds in shown[:-1]:
        clock.seconds(seconds, 0.1)
    clock.seconds(shown[-1], last_duration)
    assert clock.end == pytest.approx(end)

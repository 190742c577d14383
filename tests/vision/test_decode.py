"""Every kind of file is decoded right, or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from maesum.vision.clock import Timeline  # noqa: E402
from maesum.vision.container import UnreadableVideo  # noqa: E402
from maesum.vision.decode import read_frames, timeline_of  # noqa: E402
from tests.vision.synthetic import level, rotate_flag, write_video  # noqa: E402


def levels(path: Path, every: int = 1) -> list[int]:
    return [round(float(image.mean())) for image in read_frames(path, every)]


def close(found: list[int], numbers: range | list[int]) -> bool:
    return len(found) == len(numbers) and all(
        abs(a - level(number)) <= 2 for a, number in zip(found, numbers, strict=True)
    )


@pytest.mark.parametrize(("frames", "every"), [(40, 1), (40, 15), (31, 15), (1, 1), (3, 7)])
def test_every_kth_frame_in_order(tmp_path: Path, frames: int, every: int) -> None:
    path = write_video(tmp_path / "a.mp4", frames)
    assert close(levels(path, every), range(0, frames, every))


def test_returns_when_all_frames_are_shown(tmp_path: Path) -> None:
    def seen() -> Iterator[Timeline]:
        yield (yield from read_frames(write_video(tmp_path / "a.mp4", 32), 10))  # type: ignore[misc]

    timeline = list(seen())[-1]
    assert (timeline.n_frames, timeline.fps, timeline.remarks) == (32, 25.0, ())


def test_variable_frame_rate_neither_repeats_nor_drops(tmp_path: Path) -> None:
    pts = [0, 1, 2, 50, 51, 120, 121, 122, 200, 201]
    path = write_video(tmp_path / "a.mkv", 10, pts=pts)
    assert close(levels(path), range(10))


@pytest.mark.parametrize("clockwise", [90, 180, 270])
def test_rotation_flag(tmp_path: Path, clockwise: int) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32] = 255  # the upper left corner is white
    path = rotate_flag(write_video(tmp_path / "a.mp4", 5, images=[image] * 5), clockwise)
    shown = next(read_frames(path))
    expected = np.rot90(image, -clockwise // 90)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < 8


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "size"),
    [
        ("ffv1", "yuv444p", (63, 47)),
        ("ffv1", "gray", (63, 47)),
        ("libx264", "yuv444p", (65, 33)),
        ("mjpeg", "yuvj420p", (17, 31)),
    ],
)
def test_odd_sizes_and_grey(tmp_path: Path, codec: str, pix_fmt: str, size: tuple[int, int]) -> None:
    path = write_video(tmp_path / "a.mkv", 6, size, codec, pix_fmt)
    assert close(levels(path), range(6))
    assert next(read_frames(path)).shape == (size[1], size[0], 3)


def _noise(frames: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(frames)]


@pytest.mark.parametrize(("suffix", "share"), [(".mp4", 0.6), (".mp4", 0.98), (".mkv", 0.5)])
def test_truncated(tmp_path: Path, suffix: str, share: float) -> None:
    options = {"movflags": "faststart"} if suffix == ".mp4" else {}
    path = write_video(tmp_path / f"a{suffix}", 200, images=_noise(200), options=options)
    assert len(levels(path)) == 200
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    timeline = timeline_of(path)
    assert 0.9 * share * 200 <= timeline.n_frames < 200
    assert timeline.seconds == pytest.approx(timeline.n_frames / 25, abs=0.1)
    assert any("cut short: it ends at" in remark or "damaged" in remark for remark in timeline.remarks)
    assert len(levels(path)) == timeline.n_frames
    for threads in (1, 2, 8):
        assert timeline_of(path, threads).n_frames == timeline.n_frames


def test_a_lost_packet_of_a_transport_stream(tmp_path: Path) -> None:
    content = write_video(tmp_path / "a.ts", 100, images=_noise(100)).read_bytes()
    middle = len(content) // 188 // 2 * 188
    (tmp_path / "lost.ts").write_bytes(content[:middle] + content[middle + 188 :])
    timeline = timeline_of(tmp_path / "lost.ts")
    assert timeline.n_frames == 100  # the decoder hides what is missing
    assert timeline.seconds == pytest.approx(4, abs=0.05)
    assert timeline.remarks == ("damaged packets of its picture: 1 of 100",)


def test_damaged_in_the_middle(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 60, images=_noise(60))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = b"\x55" * 4000
    path.write_bytes(content)
    timeline = timeline_of(path)
    assert 50 <= timeline.n_frames <= 60
    assert timeline.seconds == pytest.approx(2.4, abs=0.05)  # the times of the others stay
    assert any(re.search(r"damaged packets of its picture: \d of \d+", remark) for remark in timeline.remarks)


def test_not_a_video(tmp_path: Path) -> None:
    empty, text, sound = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "sound.mp4"
    empty.write_bytes(b"")
    text.write_text("no video\n" * 100)
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for path, reason in [
        (empty, "is empty"),
        (text, "cannot be decoded"),
        (sound, "no video stream"),
        (tmp_path / "absent.mp4", "no such video"),
    ]:
        with pytest.raises(UnreadableVideo, match=reason):
            levels(path)

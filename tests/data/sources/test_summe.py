"""SumMe: numbering by file name, raw ordinal scores, and the real files' known figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from maesum.data.benchmark import Benchmark
from maesum.data.sources.summe import import_summe
from maesum.system.errors import MaesumError

NAMES = [f"{letter}_video" for letter in "ABCDEFGHIJKLMNOPQRSTUVWX"] + ["a lower case name"]


def write_folder(folder: Path, names: list[str] = NAMES, **fields: Any) -> Path:
    """A folder of .mat files; `fields` replace those of the first."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        scores = np.random.default_rng(number).integers(0, 9, (40 + number, 15)).astype(np.uint8)
        content: dict[str, Any] = {"user_score": scores, "nFrames": 40 + number, "FPS": 29.97}
        if number == 0:
            content.update(fields)
        savemat(folder / f"{name}.mat", {key: value for key, value in content.items() if value is not None})
    return folder


def test_imports_the_layout(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "SumMe" / "GT")
    (folder / "._A_video.mat").write_text("left by another operating system")
    for given in (folder, folder.parent):
        import_summe(given, tmp_path / "s.h5")
        benchmark = Benchmark(tmp_path / "s.h5")
        assert benchmark.video_ids == [f"video_{number}" for number in range(1, 26)]
        assert (benchmark.name, benchmark.kind) == ("summe", "selections")
        assert benchmark["video_25"].name == "a lower case name"  # byte order: after every capital
        second = benchmark["video_2"]
        assert (second.name, second.fps, second.category) == ("B_video", 29.97, None)
        np.testing.assert_array_equal(second.user_scores, np.random.default_rng(1).integers(0, 9, (41, 15)).T)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"nFrames": 39}, "user_score has shape (40, 15), but nFrames is 39"),
        ({"user_score": None}, "variable 'user_score' is missing"),
        ({"FPS": "fast"}, "variable 'FPS' has shape"),
        ({"FPS": 0}, "'video_1.fps' is 0.0"),
        ({"user_score": np.full((40, 2), np.nan)}, "'video_1/user_scores' is nan"),
    ],
)
def test_bad_video(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    folder = write_folder(tmp_path / "GT", **fields)
    with pytest.raises(MaesumError) as error:
        import_summe(folder, tmp_path / "out.h5")
    assert message in str(error.value)
    assert str(folder / "A_video.mat") in str(error.value)
    assert not (tmp_path / "out.h5").exists()


def test_bad_folder(tmp_path: Path) -> None:
    with pytest.raises(MaesumError, match="no such folder"):
        import_summe(tmp_path / "absent", tmp_path / "out.h5")
    with pytest.raises(MaesumError, match=r"holds 24 \.mat files, wanted the 25"):
        import_summe(write_folder(tmp_path / "GT", NAMES[:24]), tmp_path / "out.h5")


def test_a_file_that_is_not_matlab(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "GT")
    for content in (b"", b"hello", b"\x00" * 200, (folder / "B_video.mat").read_bytes()[:300]):
        (folder / "A_video.mat").write_bytes(content)
        with pytest.raises(MaesumError, match=r"A_video\.mat: "):
            import_summe(folder, tmp_path / "out.h5")


def test_the_published_files(tmp_path: Path, shared_data: Path) -> None:
    import_summe(shared_data / "summe", tmp_path / "s.h5")
    benchmark = Benchmark(tmp_path / "s.h5")
    lengths = [benchmark.n_frames(video_id) for video_id in benchmark.video_ids]
    assert len(lengths) == 25
    assert np.mean(lengths) == pytest.approx(4392.8)
    annotations = [benchmark[video_id] for video_id in benchmark.video_ids]
    assert {annotation.user_scores.shape[0] for annotation in annotations} <= set(range(15, 19))
    assert (annotations[0].name, annotations[24].name) == ("Air_Force_One", "playing_ball")
    assert annotations[0].fps == 25.0
    assert all(annotation.user_scores.min() == 0 < annotation.user_scores.max() for annotation in annotations)

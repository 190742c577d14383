"""TVSum: the .mat layout, either way round, and the real file's known figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from maesum.data.benchmark import Benchmark
from maesum.data.sources.tvsum import import_tvsum
from maesum.system.errors import MaesumError


def write_mat(path: Path, videos: list[dict[str, Any]]) -> Path:
    """A MATLAB v7.3 struct array as h5py sees it: each field a column of references into #refs#."""
    with h5py.File(path, "w") as file:
        for field in videos[0]:
            column = file.create_dataset(f"tvsum50/{field}", (len(videos), 1), dtype=h5py.ref_dtype)
            for row, video in enumerate(videos):
                value = video[field]
                if isinstance(value, str):
                    value = np.frombuffer(value.encode("utf-16-le"), dtype="<u2")[:, None]
                column[row, 0] = file.create_dataset(f"#refs#/{field}{row}", data=value).ref
    return path


def video(number: int = 1, n_frames: int = 40, **fields: Any) -> dict[str, Any]:
    scores = np.random.default_rng(number).integers(1, 6, (20, n_frames)).astype(float)
    return {
        "video": f"id{number}",
        "title": "Wie geht das? – été",
        "category": "VT",
        "length": np.array([[2.0]]),
        "nframes": np.array([[float(n_frames)]]),
        "user_anno": scores,
        **fields,
    }


@pytest.mark.parametrize("transposed", [False, True])
def test_imports_the_layout(tmp_path: Path, transposed: bool) -> None:
    videos = [video(number, 30 + number) for number in range(1, 13)]
    wanted = [each["user_anno"] for each in videos]
    if transposed:
        videos = [{**each, "user_anno": each["user_anno"].T} for each in videos]
    assert import_tvsum(write_mat(tmp_path / "t.mat", videos), tmp_path / "t.h5") == [tmp_path / "t.h5"]
    benchmark = Benchmark(tmp_path / "t.h5")
    assert benchmark.video_ids == [f"video_{number}" for number in range(1, 13)]
    assert (benchmark.name, benchmark.kind) == ("tvsum", "ratings")
    tenth = benchmark["video_10"]
    assert (tenth.name, tenth.category, tenth.fps) == ("id10: Wie geht das? – été", "VT", 20.0)
    np.testing.assert_array_equal(tenth.user_scores, wanted[9])
    assert tenth.user_scores.dtype == np.uint8


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"user_anno": np.ones((20, 39))}, "user_anno of id1 has shape (39, 20), wanted (users, 40)"),
        ({"user_anno": np.zeros((20, 40))}, "values from 0.0 to 0.0, wanted 1, 2, 3, 4 or 5"),
        ({"user_anno": np.full((20, 40), 2.5)}, "wanted 1, 2, 3, 4 or 5"),
        ({"length": np.array([[0.0]])}, "length of id1 is 0.0 seconds"),
        ({"length": np.array([[1.0, 2.0]])}, "row 0 of 'tvsum50' cannot be read"),
    ],
)
def test_bad_video(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    path = write_mat(tmp_path / "t.mat", [video(**fields)])
    with pytest.raises(MaesumError) as error:
        import_tvsum(path, tmp_path / "out" / "t.h5")
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert not (tmp_path / "out").exists()


def test_bad_file(tmp_path: Path) -> None:
    (tmp_path / "text.mat").write_text("MATLAB 5.0 MAT-file")
    with pytest.raises(MaesumError, match="not a readable HDF5 file"):
        import_tvsum(tmp_path / "text.mat", tmp_path / "t.h5")
    h5py.File(tmp_path / "other.mat", "w").close()
    with pytest.raises(MaesumError, match="struct 'tvsum50' is missing"):
        import_tvsum(tmp_path / "other.mat", tmp_path / "t.h5")
    with h5py.File(tmp_path / "numbers.mat", "w") as file:
        for field in ("video", "title", "category", "length", "nframes", "user_anno"):
            file[f"tvsum50/{field}"] = np.ones((1, 1))
    with pytest.raises(MaesumError, match="row 0 of 'tvsum50' cannot be read"):
        import_tvsum(tmp_path / "numbers.mat", tmp_path / "t.h5")
    path = write_mat(tmp_path / "t.mat", [video()])
    with h5py.File(path, "r+") as file:
        del file["tvsum50/nframes"]
    with pytest.raises(MaesumError, match="dataset 'tvsum50/nframes' is missing"):
        import_tvsum(path, tmp_path / "t.h5")


def test_the_published_file(tmp_path: Path, shared_data: Path) -> None:
    import_tvsum(shared_data / "tvsum" / "ydata-tvsum50.mat", tmp_path / "t.h5")
    benchmark = Benchmark(tmp_path / "t.h5")
    lengths = [benchmark.n_frames(video_id) for video_id in benchmark.video_ids]
    assert len(lengths) == 50
    assert np.mean(lengths) == pytest.approx(7047.06)
    annotations = [benchmark[video_id] for video_id in benchmark.video_ids]
    assert {annotation.user_scores.shape[0] for annotation in annotations} == {20}
    assert {int(value) for each in annotations for value in np.unique(each.user_scores)} == {1, 2, 3, 4, 5}
    assert len({annotation.category for annotation in annotations}) == 10
    assert all(9 < annotation.fps < 31 for annotation in annotations)
    assert annotations[0].name == "AwmHb44_ouw: #1306 How to change tires for off road vehicles [Davidsfarm]"

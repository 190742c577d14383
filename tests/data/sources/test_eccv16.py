"""The eccv16_dataset_*_google_pool5.h5 layout, written small here: features and annotations that join."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from maesum.config.sources import ShortPolicy
from maesum.data.benchmark import Benchmark
from maesum.data.joining import check_features_match
from maesum.data.sources.eccv16 import import_eccv16
from maesum.data.store import FeatureStore
from maesum.system.errors import MaesumError


def write_video(file: h5py.File, name: str, n_frames: int, users: int = 5) -> None:
    rng = np.random.default_rng(n_frames)
    picks = np.arange(0, n_frames, 15)
    starts = np.arange(0, n_frames, 60)
    shots = np.stack([starts, np.append(starts[1:] - 1, n_frames - 1)], axis=1)
    group = file.create_group(name)
    group["features"] = rng.random((len(picks), 8), dtype=np.float32)
    group["gtscore"] = rng.random(len(picks), dtype=np.float32)
    group["user_summary"] = rng.integers(0, 2, (users, n_frames)).astype(np.float32)
    group["change_points"] = shots.astype(np.int32)
    group["n_frame_per_seg"] = (shots[:, 1] - shots[:, 0] + 1).astype(np.int32)
    group["n_frames"] = n_frames
    group["picks"] = picks.astype(np.int32)
    group["n_steps"] = len(picks)
    group["video_name"] = np.bytes_(f"title of {name}")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "eccv16_dataset_summe_google_pool5.h5"
    with h5py.File(path, "w") as file:
        for number in range(1, 12):
            write_video(file, f"video_{number}", 450 + 4 * number)
    return path


def test_writes_both_files_and_they_join(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert import_eccv16(source, out, fps=25.0, dtype="float32") == [out / "features.h5", out / "annotations.h5"]
    benchmark = Benchmark(out / "annotations.h5")
    assert (benchmark.name, benchmark.kind) == ("summe", "selections")
    assert benchmark.video_ids == [f"video_{number}" for number in range(1, 12)]
    video = benchmark["video_10"]
    assert (video.name, video.fps) == ("title of video_10", 25.0)
    with h5py.File(source) as file, h5py.File(out / "features.h5") as features:
        np.testing.assert_array_equal(video.user_scores, file["video_10/user_summary"])
        np.testing.assert_array_equal(video.change_points, file["video_10/change_points"])
        assert features.attrs["frame_step"] == 15
        assert features["n_frames"][:].tolist() == [450 + 4 * number for number in range(1, 12)]
        offsets, ids = features["offsets"][:], list(features["video_ids"].asstr())
        check_features_match(benchmark, ids, np.diff(offsets).tolist(), 15, out / "features.h5")
        np.testing.assert_array_equal(features["features"][offsets[9] : offsets[10]], file["video_10/features"])


def test_what_the_file_says_is_kept_and_nothing_is_made_up(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine.h5"
    rates = (25.0, 29.97, 50.0)
    with h5py.File(source) as file, h5py.File(own, "w") as copy:
        for number, rate in enumerate(rates, start=1):
            file.copy(f"video_{number}", copy)
            copy[f"video_{number}/fps"] = rate
    import_eccv16(own, tmp_path / "out")
    benchmark, store = Benchmark(tmp_path / "out" / "annotations.h5"), FeatureStore(tmp_path / "out" / "features.h5")
    assert tuple(benchmark[video_id].fps for video_id in benchmark.video_ids) == rates
    assert (store.fps, store.backbone, benchmark.user_scores) == (list(rates), "unknown", "as given")
    with pytest.raises(MaesumError, match=r"'video_1' has fps 25\.0, but source\.fps is 30\.0; leave source\.fps out"):
        import_eccv16(own, tmp_path / "out", fps=30.0)

    import_eccv16(source, tmp_path / "out", backbone="resnet50 pool5")  # a file without rates
    benchmark, store = Benchmark(tmp_path / "out" / "annotations.h5"), FeatureStore(tmp_path / "out" / "features.h5")
    assert (benchmark["video_1"].fps, store.fps, store.backbone) == (None, None, "resnet50 pool5")


@pytest.mark.parametrize(
    ("name", "width", "backbone"),
    [
        ("eccv16_dataset_ovp_google_pool5.h5", 1024, "googlenet pool5"),
        ("eccv16_dataset_ovp_google_pool5.h5", 2048, "unknown"),
        ("ovp.h5", 1024, "unknown"),
    ],
)
def test_the_backbone_is_named_where_it_is_certain(
    source: Path, tmp_path: Path, name: str, width: int, backbone: str
) -> None:
    with h5py.File(source) as file, h5py.File(tmp_path / name, "w") as copy:
        file.copy("video_1", copy)
        del copy["video_1/features"]
        copy["video_1/features"] = np.ones((31, width), np.float32)
    import_eccv16(tmp_path / name, tmp_path / "out")
    assert FeatureStore(tmp_path / "out" / "features.h5").backbone == backbone


@pytest.mark.parametrize(("data_set", "meaning"), [("tvsum", "summaries of ratings"), ("summe", "selected or not")])
def test_summaries_are_not_taken_for_what_annotators_gave(
    source: Path, tmp_path: Path, data_set: str, meaning: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = source.rename(tmp_path / f"eccv16_dataset_{data_set}_google_pool5.h5")
    import_eccv16(path, tmp_path / "out", name="renamed")
    assert Benchmark(tmp_path / "out" / "annotations.h5").user_scores == meaning
    assert f"user_summary holds {meaning}; protocols that take more refuse it by name" in caplog.text


def test_without_summaries_only_features_are_written(source: Path, tmp_path: Path) -> None:
    with h5py.File(source, "r+") as file:
        for name in file:
            del file[name]["user_summary"], file[name]["video_name"]
    assert import_eccv16(source, tmp_path / "out") == [tmp_path / "out" / "features.h5"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["features.h5"]


def test_short_videos(source: Path, tmp_path: Path) -> None:
    with h5py.File(source, "r+") as file:
        write_video(file, "video_12", 430)
    with pytest.raises(MaesumError, match=r"fewer than 30 frames: video_12 \(29\)"):
        import_eccv16(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    import_eccv16(source, tmp_path / "out", short=ShortPolicy.drop, name="mine")
    benchmark = Benchmark(tmp_path / "out" / "annotations.h5")
    assert (len(benchmark), benchmark.name) == (11, "mine")
    with pytest.raises(MaesumError, match="wanted error or drop"):
        import_eccv16(source, tmp_path / "out", short=ShortPolicy.pad)


def replace(name: str, value: object) -> Callable[[h5py.File], None]:
    def spoil(file: h5py.File) -> None:
        del file[f"video_2/{name}"]
        if value is not None:
            file[f"video_2/{name}"] = value

    return spoil


IRREGULAR = np.arange(0, 458, 15)
IRREGULAR[5] += 1
NOT_FINITE = np.zeros((31, 8))
NOT_FINITE[3, 4] = np.nan

DEFECTS: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "no features": (replace("features", None), "dataset 'video_2/features' is missing"),
    "no picks": (replace("picks", None), "dataset 'video_2/picks' is missing"),
    "irregular picks": (replace("picks", IRREGULAR), "'video_2/picks' is not evenly spaced from 0"),
    "late picks": (replace("picks", np.arange(1, 458, 15)), "'video_2/picks' is not evenly spaced from 0"),
    "few picks": (replace("picks", np.arange(0, 440, 15)), "'video_2' has 30 picks for 31 rows of features"),
    "another step": (replace("picks", np.arange(31) * 10), "'video_2' has 31 picks, wanted 46"),
    "text picks": (replace("picks", [b"x"] * 31), "picks of type object, wanted numbers"),
    "text features": (replace("features", [[b"x"] * 8] * 31), "features of type object"),
    "length": (replace("n_frames", 1000), "'video_2' has 31 picks, wanted 67"),
    "no rate": (lambda file: file["video_2"].create_dataset("fps", data=0.0), "attribute 'video_2.fps' is 0.0"),
    "two rates": (lambda file: file["video_2"].create_dataset("fps", data=[1, 2]), "attribute 'video_2.fps' is [1, 2]"),
    "no length": (replace("n_frames", None), "dataset 'video_2/n_frames' is missing"),
    "zero length": (replace("n_frames", 0), "'video_2/n_frames' is 0, wanted a number above 0"),
    "nan features": (replace("features", NOT_FINITE), "'video_2/features': frame 3, channel 4 is nan"),
    "width": (replace("features", np.zeros((31, 9))), "features of video 'video_2' have shape (31, 9)"),
    "no summary": (replace("user_summary", None), "dataset 'video_2/user_summary' is missing, but 10 videos have it"),
    "summary": (replace("user_summary", np.zeros((5, 100))), "'video_2/user_summary' has shape (5, 100)"),
    "nan summary": (replace("user_summary", np.full((5, 458), np.nan)), "'video_2/user_scores' is nan"),
    "shots": (replace("change_points", np.array([[0, 458]])), "inside frames 0 to 457"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_defects_are_named_and_nothing_is_written(source: Path, tmp_path: Path, defect: str) -> None:
    spoil, message = DEFECTS[defect]
    with h5py.File(source, "r+") as file:
        spoil(file)
    with pytest.raises(MaesumError) as error:
        import_eccv16(source, tmp_path / "out")
    assert message in str(error.value)
    assert not list((tmp_path / "out").glob("**/*"))


def test_mixed_steps(source: Path, tmp_path: Path) -> None:
    with h5py.File(source, "r+") as file:
        replace("picks", np.arange(31) * 10)(file)
        replace("n_frames", 301)(file)
    with pytest.raises(MaesumError, match=r"picks are \[10, 15\] frames apart"):
        import_eccv16(source, tmp_path / "out")


def test_bad_file_and_out(source: Path, tmp_path: Path) -> None:
    h5py.File(tmp_path / "empty.h5", "w").close()
    with pytest.raises(MaesumError, match="holds no group"):
        import_eccv16(tmp_path / "empty.h5", tmp_path / "out")
    with pytest.raises(MaesumError, match="out= must be a folder"):
        import_eccv16(source, tmp_path / "out.h5")

"""The benchmark format: what is written is what is read, and every defect has its sentence."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from maesum.data.benchmark import Benchmark, VideoAnnotation, write_benchmark
from maesum.data.joining import check_features_match
from maesum.system.errors import MaesumError


def annotation(
    video_id: str = "video_1", scores: object = ((1, 5, 3, 2), (2, 2, 4, 1)), **fields: object
) -> VideoAnnotation:
    values = {"fps": 25.0, "name": f"name of {video_id}", **fields}
    return VideoAnnotation(video_id, np.asarray(scores), **values)


def write(path: Path, *annotations: VideoAnnotation, kind: str = "ratings") -> Path:
    write_benchmark(path, "toy", kind, annotations or [annotation()], "written by a test")
    return path


def test_round_trip_keeps_order_and_fields(tmp_path: Path) -> None:
    ids = [f"video_{number}" for number in range(1, 12)]
    shots = np.array([[0, 1], [2, 3]])
    path = write(tmp_path / "b.h5", *(annotation(i, change_points=shots, category="VT", fps=29.97) for i in ids))
    benchmark = Benchmark(path)
    assert benchmark.video_ids == ids
    assert len(benchmark) == 11
    assert (benchmark.name, benchmark.kind, benchmark.source) == ("toy", "ratings", "written by a test")
    video = benchmark["video_10"]
    assert benchmark.n_frames("video_10") == 4
    assert (video.video_id, video.name, video.fps, video.category) == ("video_10", "name of video_10", 29.97, "VT")
    assert video.user_scores.dtype == np.uint8
    np.testing.assert_array_equal(video.user_scores, [[1, 5, 3, 2], [2, 2, 4, 1]])
    assert video.change_points is not None
    assert video.change_points.dtype == np.int64
    np.testing.assert_array_equal(video.change_points, shots)


def test_absent_fields_are_none(tmp_path: Path) -> None:
    video = Benchmark(write(tmp_path / "b.h5"))["video_1"]
    assert video.category is None
    assert video.change_points is None


def test_a_video_may_have_no_known_fps(tmp_path: Path) -> None:
    assert Benchmark(write(tmp_path / "b.h5", annotation(fps=None)))["video_1"].fps is None


BINARY = ((0, 1, 1, 0), (1, 0, 0, 0))
ORDINAL = ((0, 3, 3, 0), (1, 0, 0, 0))


@pytest.mark.parametrize(
    ("name", "kind", "scores", "meaning"),
    [
        ("tvsum", "ratings", ORDINAL, "as given"),
        ("mine", "ratings", BINARY, "summaries of ratings"),
        ("tvsum", "selections", BINARY, "summaries of ratings"),
        ("TVSum_pool5", "selections", BINARY, "summaries of ratings"),
        ("summe", "selections", BINARY, "selected or not"),
        ("summe", "selections", ORDINAL, "as given"),
        ("mine", "selections", BINARY, "as given"),
        ("finegym", "events", BINARY[:1], "as given"),
    ],
)
def test_what_the_scores_are_is_written_or_told_from_the_values(
    tmp_path: Path, name: str, kind: str, scores: object, meaning: str
) -> None:
    path = tmp_path / "b.h5"
    write_benchmark(path, name, kind, [annotation(scores=scores)], "written by a test")
    assert Benchmark(path).user_scores == meaning
    with h5py.File(path, "r+") as file:
        assert file.attrs["user_scores"] == meaning
        del file.attrs["user_scores"]  # an older file
    assert Benchmark(path).user_scores == meaning
    with pytest.raises(MaesumError, match="user_scores is 'votes', wanted one of as given"):
        write_benchmark(path, name, kind, [annotation(scores=scores)], "written by a test", user_scores="votes")


def test_survives_pickling_because_no_handle_is_kept(tmp_path: Path) -> None:
    benchmark = pickle.loads(pickle.dumps(Benchmark(write(tmp_path / "b.h5"))))
    assert benchmark["video_1"].user_scores.shape == (2, 4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scores=npst.arrays(
        dtype=st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_]),
        shape=npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
        elements=None,
    ).filter(lambda array: bool(np.isfinite(array).all()))
)
def test_values_are_stored_exactly(tmp_path: Path, scores: np.ndarray) -> None:
    if scores.dtype == np.int64:
        scores = np.clip(scores, -(2**53), 2**53)
    video = Benchmark(write(tmp_path / "b.h5", annotation(scores=scores)))["video_1"]
    np.testing.assert_array_equal(video.user_scores, scores)
    assert video.user_scores.dtype.itemsize <= 8


@pytest.mark.parametrize(
    ("values", "dtype"),
    [([1, 5], "uint8"), ([-1, 5], "int16"), ([0, 70000], "int32"), ([0.5, 1.0], "float32"), ([0.1, 1.0], "float64")],
)
def test_smallest_exact_type(tmp_path: Path, values: list[float], dtype: str) -> None:
    video = Benchmark(write(tmp_path / "b.h5", annotation(scores=[values])))["video_1"]
    assert video.user_scores.dtype == dtype


@pytest.mark.parametrize(
    ("bad", "kind", "message"),
    [
        (annotation(scores=[[1.0, np.nan]]), "ratings", "user 0 at frame 1, wanted finite"),
        (annotation(scores=[1, 2, 3]), "ratings", "shape (3,), wanted (users, n_frames)"),
        (annotation(scores=np.zeros((0, 4))), "ratings", "shape (0, 4)"),
        (annotation(scores=[["a", "b"]]), "ratings", "wanted numbers"),
        (annotation(fps=0.0), "ratings", "'video_1.fps' is 0.0, wanted frames per second above 0"),
        (annotation(fps=float("nan")), "ratings", "'video_1.fps' is nan"),
        (annotation(scores=[[0, -1]]), "selections", "goes down to -1"),
        (annotation(), "events", "has 2 user(s) and values from 1 to 5, wanted one track of 0 and 1"),
        (annotation(scores=[[0, 2]]), "events", "wanted one track of 0 and 1"),
        (annotation(), "votes", "kind is 'votes', wanted one of ratings, selections, events"),
        (annotation("a/b"), "ratings", "path separator"),
        (annotation("video_ids"), "ratings", "reserved"),
        (annotation(change_points=np.array([[0, 1], [1, 3]])), "ratings", "shot 0 at frames [0, 1]"),
        (annotation(change_points=np.array([[0, 4]])), "ratings", "inside frames 0 to 3"),
        (annotation(change_points=np.array([[2, 1]])), "ratings", "shot 0 at frames [2, 1]"),
        (annotation(change_points=np.array([0, 1])), "ratings", "wanted whole numbers [shots, 2]"),
        (annotation(change_points=np.array([[0.0, 1.0]])), "ratings", "wanted whole numbers [shots, 2]"),
    ],
)
def test_writer_refuses(tmp_path: Path, bad: VideoAnnotation, kind: str, message: str) -> None:
    path = tmp_path / "b.h5"
    with pytest.raises(MaesumError) as error:
        write(path, bad, kind=kind)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_writer_refuses_empty_and_repeated(tmp_path: Path) -> None:
    with pytest.raises(MaesumError, match="no video to write"):
        write_benchmark(tmp_path / "b.h5", "toy", "ratings", [], "")
    with pytest.raises(MaesumError, match="'video_1' occurs twice"):
        write(tmp_path / "b.h5", annotation(), annotation())
    assert list(tmp_path.iterdir()) == []


def replace_scores(file: h5py.File, scores: np.ndarray) -> None:
    del file["video_1/user_scores"]
    file["video_1/user_scores"] = scores


DEFECTS = {
    "kind": (lambda f: f.attrs.__setitem__("kind", "votes"), "attribute 'kind' is 'votes'"),
    "no kind": (lambda f: f.attrs.__delitem__("kind"), "attribute 'kind' is None, wanted text"),
    "format": (lambda f: f.attrs.__setitem__("format", "maesum-scores"), "wanted 'maesum-benchmark'"),
    "version": (lambda f: f.attrs.__setitem__("version", 2), "'version' is 2"),
    "no order": (lambda f: f.__delitem__("video_ids"), "dataset 'video_ids' is missing"),
    "no scores": (lambda f: f.__delitem__("video_1/user_scores"), "'video_1/user_scores' is missing"),
    "one dimension": (lambda f: replace_scores(f, np.zeros(4)), "'video_1/user_scores' has shape (4,)"),
    "no frames": (lambda f: replace_scores(f, np.zeros((2, 0))), "has shape (2, 0)"),
    "text": (lambda f: replace_scores(f, np.array([[b"x"]])), "wanted numbers"),
    "fps": (lambda f: f["video_1"].attrs.__setitem__("fps", "fast"), "'video_1.fps' is 'fast'"),
    "meaning": (
        lambda f: f.attrs.__setitem__("user_scores", "votes"),
        "attribute 'user_scores' is 'votes', wanted one",
    ),
    "no group": (lambda f: f.__delitem__("video_1"), "lists 'video_1', which has no group"),
    "unlisted group": (lambda f: f.create_group("other"), "lists no 'other', which has a group"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_reader_names_the_defect(tmp_path: Path, defect: str) -> None:
    path = write(tmp_path / "b.h5")
    spoil, message = DEFECTS[defect]
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(MaesumError) as error:
        Benchmark(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_values_are_checked_when_read(tmp_path: Path) -> None:
    path = write(tmp_path / "b.h5")
    with h5py.File(path, "r+") as file:
        replace_scores(file, np.array([[1.0, np.inf]]))
    benchmark = Benchmark(path)
    with pytest.raises(MaesumError, match="is inf for user 0 at frame 1"):
        benchmark["video_1"]


def test_unknown_video(tmp_path: Path) -> None:
    benchmark = Benchmark(write(tmp_path / "b.h5"))
    with pytest.raises(MaesumError, match="there is no video 'nope'"):
        benchmark["nope"]
    with pytest.raises(MaesumError, match="there is no video 'nope'"):
        benchmark.n_frames("nope")


class TestJoining:
    @pytest.fixture
    def benchmark(self, tmp_path: Path) -> Benchmark:
        return Benchmark(write(tmp_path / "b.h5", *(annotation(i, np.ones((1, 31))) for i in ("v1", "v2", "v3", "v4"))))

    def test_more_videos_than_wanted_are_fine(self, benchmark: Benchmark) -> None:
        check_features_match(benchmark, ["x", "v4", "v3", "v2", "v1"], [7, 31, 31, 31, 31], 1, "f.h5")
        check_features_match(benchmark, ["v1", "v2", "v3", "v4"], [3, 3, 3, 3], 15, "f.h5")

    def test_missing_videos_are_named_on_both_sides(self, benchmark: Benchmark) -> None:
        with pytest.raises(MaesumError) as error:
            check_features_match(benchmark, ["a", "b", "v2", "c", "d"], [31] * 5, 1, "f.h5")
        assert "f.h5: has no features of 3 of the 4 videos" in str(error.value)
        assert "v1, v3, v4 (videos only the features have: a, b, c, ...)" in str(error.value)

    @pytest.mark.parametrize(("rows", "step", "wanted"), [(30, 1, 31), (2, 15, 3), (31, 15, 3)])
    def test_wrong_length(self, benchmark: Benchmark, rows: int, step: int, wanted: int) -> None:
        with pytest.raises(
            MaesumError, match=f"'v1' has {rows} feature rows at frame_step {step}, wanted {wanted} for"
        ):
            check_features_match(benchmark, ["v1", "v2", "v3", "v4"], [rows] * 4, step, "f.h5")

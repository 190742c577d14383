"""The scores format: what is written is what is read, JSON of other repositories too, and every defect its sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from maesum.data.scores import Scores, write_scores
from maesum.system.errors import MaesumError


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    values = {f"video_{number}": np.random.default_rng(number).random(10 + number) for number in (2, 10, 1)}
    write_scores(path, values, {"stride": 2, "checkpoint": "abc", "scale": 0.5}, {"video_10": np.arange(0, 300, 15)})
    scores = Scores(path)
    assert scores.video_ids == ["video_2", "video_10", "video_1"]
    assert len(scores) == 3
    assert scores.attributes == {"stride": 2, "checkpoint": "abc", "scale": 0.5}
    for video_id, importance in values.items():
        assert scores[video_id].dtype == np.float32
        np.testing.assert_array_equal(scores[video_id], importance.astype(np.float32))
    picks = scores.picks("video_10")
    assert picks is not None
    assert picks.dtype == np.int64
    np.testing.assert_array_equal(picks, np.arange(0, 300, 15))
    assert scores.picks("video_2") is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(
            st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\"), min_size=1, max_size=8
        ).filter(lambda name: name not in (".", "..", "video_ids")),
        npst.arrays(
            np.float32, st.integers(1, 20), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_finite_scores_round_trip(tmp_path: Path, values: dict[str, np.ndarray]) -> None:
    write_scores(tmp_path / "s.h5", values, {})
    scores = Scores(tmp_path / "s.h5")
    assert scores.video_ids == list(values)
    for video_id, importance in values.items():
        np.testing.assert_array_equal(scores[video_id], importance)


def test_a_file_written_by_hand_needs_no_order(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.attrs.update({"format": "maesum-scores", "version": 1})
        file["b/importance"] = [1, 2, 3]
        file["a/importance"] = [0.5]
    assert Scores(tmp_path / "s.h5").video_ids == ["a", "b"]


def test_json_keeps_its_order(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"video_2": [0.1, 0.2], "video_10": [1, 2, 3]}))
    scores = Scores(tmp_path / "s.json")
    assert scores.video_ids == ["video_2", "video_10"]
    np.testing.assert_array_equal(scores["video_2"], [0.1, 0.2])
    assert scores["video_10"].dtype == np.float64
    assert scores.picks("video_10") is None
    assert scores.attributes == {}


def test_scores_of_others_are_not_rounded_into_ties(tmp_path: Path) -> None:
    values = (1e8 + np.arange(100)).tolist()
    (tmp_path / "s.json").write_text(json.dumps({"v": values}))
    assert len(np.unique(Scores(tmp_path / "s.json")["v"])) == 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[1, 2]", "holds a list, wanted {video_id: [scores]}"),
        ("{}", "holds no video"),
        ('{"a/b": [1]}', "path separator"),
        ('{"v": [1, NaN]}', "importance of video 'v' is nan at position 1"),
        ('{"v": [1, Infinity]}', "is inf at position 1"),
        ('{"v": []}', "shape (0,), wanted (frames,)"),
        ('{"v": [[1], [2]]}', "shape (2, 1), wanted (frames,)"),
        ('{"v": [[1], [2, 3]]}', "importance of video 'v'"),
        ('{"v": 3}', "shape (), wanted (frames,)"),
        ('{"v": ["a", "b"]}', "wanted numbers"),
        ('{"v": [1, null]}', "wanted numbers"),
    ],
)
def test_bad_json(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(MaesumError) as error:
        Scores(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", ["absent.json", "absent.h5"])
def test_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(MaesumError, match=r"[Nn]o such file"):
        Scores(tmp_path / name)


def ones(count: int) -> np.ndarray:
    return np.ones(count)


BAD_WRITES: dict[str, tuple[dict[str, Any], str]] = {
    "nan": ({"scores": {"v": np.array([0, np.nan])}}, "video 'v' is nan at position 1"),
    "infinite": ({"scores": {"v": np.array([np.inf])}}, "video 'v' is inf at position 0"),
    "too large for float32": ({"scores": {"v": np.array([1e300])}}, "is 1e+300 at position 0"),
    "empty": ({"scores": {}}, "no scores to write"),
    "no frames": ({"scores": {"v": ones(0)}}, "shape (0,)"),
    "two dimensions": ({"scores": {"v": np.ones((2, 2))}}, "shape (2, 2)"),
    "bad id": ({"scores": {"a/b": ones(2)}}, "path separator"),
    "reserved id": ({"scores": {"video_ids": ones(2)}}, "reserved"),
    "reserved attribute": ({"scores": {"v": ones(2)}, "attributes": {"version": 3}}, "'version' is reserved"),
    "picks of another video": ({"scores": {"v": ones(2)}, "picks": {"w": np.arange(2)}}, "picks name video 'w'"),
    "too few picks": ({"scores": {"v": ones(2)}, "picks": {"v": np.arange(1)}}, "each of the 2 scores"),
    "fractional picks": ({"scores": {"v": ones(2)}, "picks": {"v": np.array([0.0, 1.5])}}, "whole number"),
    "unsorted picks": ({"scores": {"v": ones(3)}, "picks": {"v": np.array([0, 30, 15])}}, "hold 15 at position 2"),
    "negative picks": ({"scores": {"v": ones(2)}, "picks": {"v": np.array([-15, 0])}}, "hold -15 at position 0"),
}


@pytest.mark.parametrize("case", BAD_WRITES)
def test_writer_refuses_and_leaves_no_file(tmp_path: Path, case: str) -> None:
    arguments, message = BAD_WRITES[case]
    with pytest.raises(MaesumError) as error:
        write_scores(tmp_path / "s.h5", **{"attributes": {}, **arguments})
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []


DEFECTS = {
    "format": (lambda f: f.attrs.__setitem__("format", "maesum-features"), "wanted 'maesum-scores'"),
    "version": (lambda f: f.attrs.__setitem__("version", 9), "'version' is 9"),
    "no importance": (lambda f: f.__delitem__("v/importance"), "dataset 'v/importance' is missing"),
    "order": (lambda f: f.create_group("w"), "lists 1 videos and the file holds 2"),
    "dataset at the root": (lambda f: (f.__delitem__("v"), f.__setitem__("v", [1.0])), "'v' is a dataset"),
    "unsorted picks": (lambda f: f.__setitem__("v/picks", [3, 2]), "hold 2 at position 1"),
    "nan": (lambda f: f["v/importance"].__setitem__(0, np.nan), "is nan at position 0"),
    "text": (lambda f: (f.__delitem__("v/importance"), f.__setitem__("v/importance", [b"x"])), "wanted numbers"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_reader_names_the_defect(tmp_path: Path, defect: str) -> None:
    path = tmp_path / "s.h5"
    write_scores(path, {"v": ones(2)}, {})
    spoil, message = DEFECTS[defect]
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(MaesumError) as error:
        Scores(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_unknown_video(tmp_path: Path) -> None:
    write_scores(tmp_path / "s.h5", {"v": ones(2)}, {})
    with pytest.raises(MaesumError, match="no scores of video 'nope'"):
        Scores(tmp_path / "s.h5")["nope"]

"""FineGym: instance lists to event tracks, with the rounding that the docstring states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maesum.data.benchmark import Benchmark
from maesum.data.features import write_features
from maesum.data.sources.finegym import event_track, import_finegym
from maesum.data.sources.finegym_lists import find_lists, read_events
from maesum.system.errors import MaesumError

LIST = """\
a_E_b-_E_000002_000004_A_0000_0001 3
a_E_b-_E_000002_000004_A_0001_0002 7

other______E_000001_000003_A_0000_0001 3
a_E_b-_E_000008_000011_A_0000_0001 98
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {
        "gym99.txt": LIST,
        "ids.txt": "other_____\na_E_b-\n",
        "videos.csv": "video_id, fps, n_frames\na_E_b-,10,105\nother_____,29.97,200\nmore,25,10\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    return {name: tmp_path / name for name in contents} | {"out": tmp_path / "out.h5", "folder": tmp_path}


def run(files: dict[str, Path], **replaced: Path | list[Path]) -> Benchmark:
    inputs: dict[str, Any] = {**files, **replaced}
    import_finegym(inputs["gym99.txt"], inputs["out"], ids=inputs["ids.txt"], videos=inputs["videos.csv"])
    return Benchmark(inputs["out"])


def test_marks_frames_inside_any_event(files: dict[str, Path]) -> None:
    benchmark = run(files)
    assert (benchmark.name, benchmark.kind) == ("finegym", "events")
    assert benchmark.video_ids == ["other_____", "a_E_b-"]
    video = benchmark["a_E_b-"]
    assert (video.user_scores.shape, video.fps) == ((1, 105), 10.0)
    wanted = np.zeros(105)
    wanted[20:40] = 1
    wanted[80:105] = 1  # the event ends at 11 s and the video at 10.5 s
    np.testing.assert_array_equal(video.user_scores[0], wanted)
    # 1 s to 3 s at 29.97: the first frame at or after 1 s is 30, the first at or after 3 s is 90
    np.testing.assert_array_equal(np.flatnonzero(benchmark["other_____"].user_scores[0]), np.arange(30, 90))


def test_a_folder_of_lists_and_a_features_file(files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "gym99_more.txt").write_text("a_E_b-_E_000004_000005_A_0000_0001 1\n")
    features = tmp_path / "f.h5"
    lengths = [7, 14]
    arrays = [np.zeros((length, 2)) for length in lengths]
    ids = ["a_E_b-", "other_____"]
    write_features(features, ids, lengths, arrays, frame_step=15, fps=[10, 29.97], n_frames=[105, 200])
    benchmark = run(files, **{"gym99.txt": tmp_path, "videos.csv": features})
    assert benchmark["a_E_b-"].user_scores.sum() == 20 + 10 + 25
    assert benchmark.n_frames("other_____") == 200

    write_features(features, ids, lengths, arrays, frame_step=15, fps=[10, 29.97])
    with pytest.raises(MaesumError, match="dataset 'n_frames' is missing"):
        run(files, **{"videos.csv": features})
    write_features(features, ids, lengths, arrays)
    with pytest.raises(MaesumError, match="dataset 'fps' is missing"):
        run(files, **{"videos.csv": features})
    write_features(features, ids, [200, 90], [np.zeros((200, 2)), np.zeros((90, 2))], fps=[10, 29.97])
    assert run(files, **{"videos.csv": features}).n_frames("a_E_b-") == 200
    write_features(features, ids, [200, 90], [np.zeros((200, 2)), np.zeros((90, 2))], fps=[10, np.nan])
    with pytest.raises(MaesumError, match="'other_____' has fps nan and 90 frames"):
        run(files, **{"videos.csv": features})


@given(
    events=st.sets(
        st.tuples(st.integers(0, 30), st.integers(1, 20)).map(lambda pair: (pair[0], sum(pair))), max_size=4
    ),
    fps=st.sampled_from([10.0, 24.0, 25.0, 30.0, 60.0, 30000 / 1001]),
)
def test_track_equals_its_definition(events: set[tuple[int, int]], fps: float) -> None:
    n_frames = int(51 * fps)
    times = np.arange(n_frames) / fps
    wanted = np.zeros(n_frames)
    for start, end in events:
        wanted[(times >= start) & (times < end)] = 1
    np.testing.assert_array_equal(event_track(events, fps, n_frames), wanted)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gym99.txt", "", "is empty"),
        ("gym99.txt", "a_E_b-_A_000002_000004_A_0000_0001 3", "is not <video>_E_<start>"),
        ("gym99.txt", "a_E_b-_E_000004_000004_A_0000_0001 3", "ends before it starts"),
        ("gym99.txt", "a_E_b-_E_000001_000004_A_0000_0001 3", "no event of video 'other_____'"),
        ("ids.txt", "", "is empty, wanted one video id a line"),
        ("ids.txt", "a_E_b-\na_E_b-", "lists video 'a_E_b-' twice"),
        ("videos.csv", "video_id,fps\na_E_b-,10\n", "columns are ['video_id', 'fps']"),
        ("videos.csv", "", "columns are [], wanted video_id, fps, n_frames"),
        ("videos.csv", "video_id,fps,n_frames\nother_____,0,10\na_E_b-,25,0\n", "'other_____' has fps 0 and 10 frames"),
        ("videos.csv", "video_id,fps,n_frames\nother_____,25,1e3\n", "has fps '25' and n_frames '1e3'"),
        ("videos.csv", "video_id,fps,n_frames\nother_____,25\n", "n_frames None"),
        ("videos.csv", "video_id,fps,n_frames\nother_____,25,400\n", "no fps and length of video 'a_E_b-'"),
        ("videos.csv", "video_id,fps,n_frames\nother_____,25,20\n", "an event from 1 s, but only 20 frames at 25 fps"),
    ],
)
def test_bad_input(files: dict[str, Path], name: str, content: str, message: str) -> None:
    files[name].write_text(content)
    with pytest.raises(MaesumError) as error:
        run(files)
    assert message in str(error.value)
    assert not files["out"].exists()


@pytest.mark.parametrize("name", ["gym99.txt", "ids.txt", "videos.csv"])
def test_missing_input(files: dict[str, Path], name: str) -> None:
    files[name].unlink()
    with pytest.raises(MaesumError, match=f"{name}: cannot be read"):
        run(files)


def test_folder_without_lists(tmp_path: Path) -> None:
    (tmp_path / "gym99_categories.txt").write_text("Clabel: 0; set: 1; Glabel: 2\n")
    with pytest.raises(MaesumError, match=r"holds no gym\*\.txt file"):
        find_lists(tmp_path)
    with pytest.raises(MaesumError, match="names nothing"):
        find_lists([])


def test_several_lists_are_read_as_their_folder_is(files: dict[str, Path], tmp_path: Path) -> None:
    more = tmp_path / "gym99_more.txt"
    more.write_text("a_E_b-_E_000004_000005_A_0000_0001 1\n")
    (tmp_path / "gym99_categories.txt").write_text("Clabel: 0; set: 1; Glabel: 2\n")
    of_folder = run(files, **{"gym99.txt": tmp_path})["a_E_b-"].user_scores
    of_files = run(files, **{"gym99.txt": [files["gym99.txt"], more]})["a_E_b-"].user_scores
    np.testing.assert_array_equal(of_files, of_folder)
    assert of_folder.sum() == 20 + 10 + 25


def test_a_list_beside_that_holds_further_events_is_told(
    files: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "gym99_same.txt").write_text("a_E_b-_E_000002_000004_A_0000_0001 3\nunlisted_E_000001_000002_A_0_1 3\n")
    notes = tmp_path / "gym99_notes.txt"
    notes.write_text("not a list\n")
    (tmp_path / "gym288_more.txt").write_text("a_E_b-_E_000005_000006_A_0000_0001 1\n")
    run(files)
    assert caplog.text == ""  # nothing new in lists of the same classes
    (tmp_path / "gym99_more.txt").write_text(
        "a_E_b-_E_000004_000005_A_0000_0001 1\na_E_b-_E_000002_000004_A_0000_0001 1\n"
    )
    run(files)
    assert "gym99_more.txt: holds 1 further events of 1 of the 2 videos to keep (the first: a_E_b-)" in caplog.text
    assert f"input={tmp_path}" in caplog.text
    caplog.clear()
    notes.unlink()
    run(files, **{"gym99.txt": tmp_path})
    assert caplog.text == ""


PUBLISHED = ("gym99_train_element_v1.1.txt", "gym99_val_element.txt")


def published_tracks(input: Any, folder: Path, ids: list[str], fps: int, n_frames: int) -> dict[str, np.ndarray]:
    (folder / "ids.txt").write_text("\n".join(ids))
    (folder / "videos.csv").write_text(
        "video_id,fps,n_frames\n" + "".join(f"{name},{fps},{n_frames}\n" for name in ids)
    )
    import_finegym(input, folder / "out.h5", ids=folder / "ids.txt", videos=folder / "videos.csv")
    benchmark = Benchmark(folder / "out.h5")
    return {video_id: benchmark[video_id].user_scores[0] for video_id in ids}


def segments(track: np.ndarray) -> int:
    return int((np.diff(track.astype(int), prepend=0) == 1).sum())


def test_the_published_lists(shared_data: Path) -> None:
    events = read_events(find_lists(shared_data / "finegym"))
    assert len(events) == 180
    assert all(len(video) == 11 for video in events)
    assert (2184, 2237) in events["A0xAXXysHUo"]


def test_both_published_lists_are_needed(shared_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The validation list alone lacks a mean of 23 % of the event seconds of its own videos (29 % of all), and says so."""
    folder = shared_data / "finegym"
    ids = sorted(read_events([folder / PUBLISHED[1]]))
    alone = published_tracks(folder / PUBLISHED[1], tmp_path, ids, fps=1, n_frames=50_000)  # a frame a second
    assert "further events of 25 of the 65 videos to keep" in caplog.text
    caplog.clear()
    both = published_tracks(folder, tmp_path, ids, fps=1, n_frames=50_000)
    assert caplog.text == ""
    lacking = [1 - alone[video_id].sum() / both[video_id].sum() for video_id in ids]
    seconds = [sum(int(track.sum()) for track in found.values()) for found in (alone, both)]
    assert (round(np.mean(lacking), 2), round(1 - seconds[0] / seconds[1], 2)) == (0.23, 0.29)


@pytest.mark.parametrize(("of", "wanted"), [("validation", [(1, 0.1), (1, 0.1)]), ("both", [(34, 17.3), (30, 16.1)])])
def test_segments_of_two_published_videos(
    shared_data: Path, tmp_path: Path, of: str, wanted: list[tuple[int, float]]
) -> None:
    folder = shared_data / "finegym"
    lists = folder if of == "both" else folder / PUBLISHED[1]
    tracks = published_tracks(lists, tmp_path, ["GEjRXo8Dvwc", "FNEeMvHmuEw"], fps=25, n_frames=300_000)
    assert [(segments(track), round(100 * track.mean(), 1)) for track in tracks.values()] == wanted

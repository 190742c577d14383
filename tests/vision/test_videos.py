"""Finding, selecting, labelling and dealing out videos, with the lists that datasets publish."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from maesum.config.values import parse_shard
from maesum.system.errors import MaesumError
from maesum.vision.id_lists import read_id_list
from maesum.vision.videos import find_videos, select, shard_of, shard_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b/v_Archery_g01_c01.avi", "a/zkyy5cC7SL4_000012_000022.mp4", "a/kIRmvrmc2nM.MP4", "c/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def ids(folder: Path) -> list[str]:
    return [video.video_id for video in find_videos(folder)]


def test_a_folder_is_searched_at_any_depth_in_order_of_ids(folder: Path) -> None:
    assert ids(folder) == ["kIRmvrmc2nM", "v_Archery_g01_c01", "zkyy5cC7SL4_000012_000022"]


def test_lists_patterns_and_files(folder: Path) -> None:
    listed = folder / "videos.txt"
    listed.write_text("a/kIRmvrmc2nM.MP4\nb\n")
    assert [video.video_id for video in find_videos(listed)] == ["kIRmvrmc2nM", "v_Archery_g01_c01"]
    assert len(find_videos([folder / "a", str(folder / "b" / "*.avi"), folder / "a"])) == 3


def test_what_is_not_there(folder: Path) -> None:
    with pytest.raises(MaesumError, match="no such video or folder"):
        find_videos(folder / "absent")
    with pytest.raises(MaesumError, match="no video there"):
        find_videos(folder / "c")
    (folder / "c" / "kIRmvrmc2nM.webm").touch()
    with pytest.raises(MaesumError, match="same name as"):
        find_videos(folder)


def test_hidden_files_are_no_videos(folder: Path) -> None:
    for name in ("a/._kIRmvrmc2nM.MP4", ".Trashes/old.mp4", ".hidden.mp4"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert len(ids(folder)) == 3
    assert [video.video_id for video in find_videos(folder / ".hidden.mp4")] == [".hidden"]  # named itself


def test_a_link_that_leads_nowhere_is_not_missed(folder: Path) -> None:
    (folder / "c" / "gone.mp4").symlink_to(folder / "absent.mp4")
    assert "gone" in ids(folder)


def test_a_folder_may_be_hidden_itself(folder: Path) -> None:
    (folder / ".cache").mkdir()
    (folder / ".cache" / "v.mp4").touch()
    assert [video.video_id for video in find_videos(folder / ".cache")] == ["v"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are UTF-8 always")
def test_names_that_are_no_text(folder: Path) -> None:
    (folder / "c" / "two\nlines.mp4").touch()
    with pytest.raises(MaesumError, match=r"'two\\nlines' .*control character; rename it"):
        find_videos(folder / "c")
    (folder / "c" / "two\nlines.mp4").rename(os.fsdecode(os.fsencode(folder) + b"/c/caf\xe9.mp4"))
    with pytest.raises(MaesumError, match=r"/c/caf\\xe9.mp4': the name is not valid UTF-8; rename the file"):
        find_videos(folder / "c")


def test_ids_alone_select_kinetics_names(folder: Path) -> None:
    (folder / "ids.txt").write_text("zkyy5cC7SL4\nother\n")
    selected = select(find_videos(folder), read_id_list(folder / "ids.txt"))
    assert [(video.video_id, video.label) for video in selected] == [("zkyy5cC7SL4_000012_000022", None)]


def test_kinetics_csv_labels(folder: Path) -> None:
    (folder / "k.csv").write_text('label,youtube_id,time_start,time_end,split\n"a, b",zkyy5cC7SL4,12,22,val\n')
    selected = select(find_videos(folder), read_id_list(folder / "k.csv"))
    assert [(video.video_id, video.label) for video in selected] == [("zkyy5cC7SL4_000012_000022", "a, b")]


def test_ucf_lists_select_and_label(folder: Path) -> None:
    (folder / "train.txt").write_text("Archery/v_Archery_g01_c01.avi 3\n")
    (folder / "test.txt").write_text("Archery/v_Archery_g01_c01.avi\n")
    (folder / "classes.txt").write_text("1 Biking\n3 Archery\n")
    for name in ("train.txt", "test.txt"):
        selected = select(find_videos(folder), read_id_list(folder / name, folder / "classes.txt"))
        assert [(video.video_id, video.label) for video in selected] == [("v_Archery_g01_c01", "Archery")]
    (folder / "classes.txt").write_text("3 Biking\n")
    with pytest.raises(MaesumError, match=r"train\.txt, line 1: class number 3 stands with 'Archery'"):
        read_id_list(folder / "train.txt", folder / "classes.txt")


def test_lists_that_do_not_fit(folder: Path) -> None:
    (folder / "ids.txt").write_text("nobody\n")
    with pytest.raises(MaesumError, match="names none of the 3 videos"):
        select(find_videos(folder), read_id_list(folder / "ids.txt"))
    (folder / "k.csv").write_text("name,x\na,b\n")
    with pytest.raises(MaesumError, match="wanted one of youtube_id"):
        read_id_list(folder / "k.csv")
    (folder / "bad.txt").write_text("one two three\n")
    with pytest.raises(MaesumError, match=r"bad\.txt, line 1"):
        read_id_list(folder / "bad.txt")


def test_published_lists(shared: Path) -> None:
    lists = shared / "lists"
    mini = read_id_list(lists / "mini200_val_ytid_list.txt").labels
    kinetics = read_id_list(lists / "kinetics400_val.csv").labels
    train = read_id_list(lists / "ucf101_trainlist01.txt", lists / "ucf101_classInd.txt").labels
    test = read_id_list(lists / "ucf101_testlist01.txt", lists / "ucf101_classInd.txt").labels
    assert (len(mini), set(mini.values())) == (5000, {None})
    assert kinetics["0wR5jVB-WPk"] == "abseiling"
    assert len(set(kinetics.values())) == 400
    assert (len(train), len(test), len(set(train.values()))) == (9537, 3783, 101)
    assert train["v_ApplyEyeMakeup_g08_c01"] == "ApplyEyeMakeup"


def test_shards_are_contiguous_and_complete(folder: Path) -> None:
    videos = find_videos(folder)
    for count in (1, 2, 3):
        assert [video for number in range(1, count + 1) for video in shard_of(videos, number, count)] == videos
    with pytest.raises(MaesumError, match="only 3 videos"):
        shard_of(videos, 1, 4)
    assert parse_shard("2/8") == (2, 8)
    for wrong in ("0/2", "3/2", "1", "a/b", "1/0"):
        with pytest.raises(MaesumError, match="from 1"):
            parse_shard(wrong)
    assert shard_path(Path("x/k.h5"), 2, 8) == Path("x/k-00002-of-00008.h5")
    assert shard_path(Path("x/k.h5"), 1, 1) == Path("x/k.h5")

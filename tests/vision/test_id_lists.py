"""Id lists as people write them: every label arrives, or the line that could be read in two ways is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from maesum.system.errors import MaesumError
from maesum.vision.id_lists import read_id_list


def read(tmp_path: Path, text: str, classes: str | None = None) -> dict[str, str | None]:
    (tmp_path / "list").write_text(text)
    if classes is not None:
        (tmp_path / "classes").write_text(classes)
    return read_id_list(tmp_path / "list", None if classes is None else tmp_path / "classes").labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("video_id, label\nv_ok, jump\n", {"v_ok": "jump"}),
        ("video_id ,label \n v_ok , jump \n", {"v_ok": "jump"}),
        ("\n\nLabel,Video_ID\njump,v_ok\n\n", {"v_ok": "jump"}),
        ("video_id;label\nv_ok;jump, high\n", {"v_ok": "jump, high"}),
        ("video_id\tlabel\nv_ok\tjump high\n", {"v_ok": "jump high"}),
        ('video_id,label\nMy holiday 1, "beach, sea"\n', {"My holiday 1": "beach, sea"}),
        ("file_name,action\nclips/v_ok.mp4,jump\nclip.v2,run\n", {"v_ok": "jump", "clip.v2": "run"}),
        ("youtube_id,time_start,time_end,split\nabc,1,2,val\n", {"abc": None}),
        ("My holiday 1.mp4\nalpha.webm\nBETA.MOV\n", {"My holiday 1": None, "alpha": None, "BETA": None}),
        ("jump/My holiday 1.mp4\n", {"My holiday 1": "jump"}),
        ("jump/My holiday.mp4 1\n", {"My holiday": "jump"}),
        ("v_ok 3\nother.mp4 4\n", {"v_ok": "3", "other": "4"}),
        ("v_ok\nv_ok\n", {"v_ok": None}),
    ],
)
def test_labels_arrive(tmp_path: Path, text: str, labels: dict[str, str | None]) -> None:
    assert read(tmp_path, text) == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v_ok jump\n", "list, line 1: is 'v_ok jump', wanted an id or a file"),
        ("\nv_ok\n\nMy holiday 1\n", "list, line 4: is 'My holiday 1'"),
        ("video_id,activity\nv_ok,jump\n", "of which none is called label or class or action or category; rename"),
        ("name,label\nv_ok,jump\n", "the columns are name, label, wanted one of youtube_id"),
        ("video_id,label\n\nv_ok,beach, sea\n", "list, line 3: has 3 fields, wanted 2 as in the header; put quotes"),
        ("video_id,label\nv_ok\n", "line 2: has 1 fields, wanted 2"),
        ("video_id,label\nv_ok, \n", "line 2: an id or a label is missing"),
        ('video_id,label\nv_ok,"jump\n', "line 2: is not a line of a table"),
        ("video_id,label\nv_ok,jump\nv_ok,run\n", "line 3: 'v_ok' is of class 'run', but line 2 says 'jump'"),
        ("jump/v_ok.avi\nrun/v_ok.avi\n", "line 2: 'v_ok' is of class 'run', but line 1 says 'jump'"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MaesumError) as error:
        read(tmp_path, text)
    assert message in str(error.value)


def test_class_names_may_hold_blanks(tmp_path: Path) -> None:
    assert read(tmp_path, "a.avi 1\nb.avi 2\n", classes="1 high jump\n2 run\n") == {"a": "high jump", "b": "run"}
    with pytest.raises(
        MaesumError, match=r"line 1: class number 3 stands with 'a\.avi', but the class index calls it None"
    ):
        read(tmp_path, "a.avi 3\n", classes="1 high jump\n")
    with pytest.raises(MaesumError, match="classes, line 3: is 'run 2', wanted a class number and its name"):
        read(tmp_path, "a.avi 3\n", classes="1 jump\n\nrun 2\n")

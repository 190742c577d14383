"""Ids of videos, which become names of files."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from maesum.data.features import check_video_ids
from maesum.system.errors import MaesumError


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=300))
def test_an_id_never_leaves_its_folder(video_id):
    folder = Path("/somewhere/figures")
    try:
        check_video_ids([video_id], "file.h5")
    except MaesumError:
        return
    path = folder / f"{video_id}.png"
    assert path.parent == folder
    assert path.resolve().parent == folder.resolve()
    assert len(path.name.encode()) <= 255
    assert "\x00" not in str(path)

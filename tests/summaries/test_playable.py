"""The page gets a file whose times in a browser are those that were found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maesum.summaries.playable import browser_copy
from maesum.vision.decode import timeline_of
from tests.vision.synthetic import write_video


def test_a_whole_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 30)
    copy = browser_copy(path, tmp_path / "out", timeline_of(path))
    assert copy.name == "original.mp4"
    assert copy.read_bytes() == path.read_bytes()


def test_a_preview_of_what_a_browser_would_show_otherwise(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 30)
    timeline = timeline_of(path)
    longer = replace(timeline, times=timeline.times * 2)  # than the file says it is
    assert browser_copy(path, tmp_path / "longer", longer).name == "preview.mp4"
    assert timeline_of(tmp_path / "longer" / "preview.mp4").seconds == pytest.approx(2.4, abs=0.05)
    damaged = replace(timeline, remarks=("is cut short",))
    assert browser_copy(path, tmp_path / "damaged", damaged).name == "preview.mp4"

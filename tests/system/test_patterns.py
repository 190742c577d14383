"""Patterns of paths, also where a folder's or file's own name holds the signs of a pattern."""

from __future__ import annotations

from pathlib import Path

import pytest

from maesum.system.patterns import fitting, is_pattern, is_there

NAMES = ["a.mp4", "b.mp4", "c.txt", "deep/d.mp4"]


@pytest.mark.parametrize("folder", ["clips", "my [2024] clips", "what?", "a*b", "[x]"])
def test_a_folder_is_taken_as_it_is_named(folder, tmp_path):
    for name in NAMES:
        (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / name).touch()
    (tmp_path / "x").mkdir()  # which a pattern of that name would fit
    (tmp_path / "x" / "other.mp4").touch()
    found = fitting(tmp_path / folder / "*.mp4")
    assert [path.relative_to(tmp_path / folder) for path in found] == [Path("a.mp4"), Path("b.mp4")]
    deep = fitting(tmp_path / folder / "**" / "*.mp4")
    assert [path.name for path in deep] == ["a.mp4", "b.mp4", "d.mp4"]


def test_folders_may_be_patterns_themselves(tmp_path):
    for name in ("run1/f.h5", "run2/f.h5", "other/f.h5"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    assert [path.parent.name for path in fitting(tmp_path / "run*" / "f.h5")] == ["run1", "run2"]


def test_a_file_of_just_that_name_is_no_pattern(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("Title [dQw4].mp4").touch()
    assert not is_pattern("Title [dQw4].mp4")
    assert is_there("Title [dQw4].mp4")
    assert is_pattern("Title [d].mp4")
    assert not is_there("Title [d].mp4")
    assert fitting("Title*.mp4") == [Path("Title [dQw4].mp4")]

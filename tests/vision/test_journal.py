"""A damaged journal of an extraction is one sentence; a line that was being written is cut off."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maesum.system.errors import MaesumError
from maesum.vision.journal import Journal

FINISHED: dict[str, Any] = {"video_id": "b", "start": 40, "length": 5, "n_frames": 5, "fps": 25.0, "width": 8}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A job that has finished one video of 40 frames."""
    folder = tmp_path / "f.h5.parts"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"every": 1}))
    (folder / "journal.jsonl").write_text(json.dumps(FINISHED | {"video_id": "a", "start": 0, "length": 40}) + "\n")
    (folder / "features.bin").write_bytes(np.zeros((40, 8), np.float16).tobytes())
    return folder


def open_journal(folder: Path) -> Journal:
    return Journal(folder, {"every": 1}, np.dtype("float16"))


def test_what_was_finished_is_read(folder: Path) -> None:
    with (folder / "journal.jsonl").open("a") as file:
        file.write('{"video_id": "c", "reason": "no frames"}\n{"video_id": "b", "sta')
    with open_journal(folder) as journal:
        assert list(journal.finished) == ["a"]
        assert journal.failed == {"c": "no frames"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "a line is damaged"),
        ("{", "a line is damaged"),
        ("[1]", "it is a list"),
        ("null", "it is a NoneType"),
        ("\udcff", "a line is damaged"),
        ({"reason": 3, "video_id": "c"}, "field 'reason' is '3'"),
        ({"reason": "x"}, "it has no field 'video_id'"),
        ({"fps": "x"}, "field 'fps' is 'x'"),
        ({"fps": float("nan")}, "a size is not above 0"),
        ({"start": 39}, "its rows begin at 39"),
        ({"start": True}, "field 'start' is 'True'"),
        ({"width": 9}, "are 9 wide, wanted 40 and 8"),
        ({"length": -5}, "a size is not above 0"),
        ({"length": 10**30}, "has 640 bytes, wanted"),
        ({"surprise": 1}, "field 'surprise' is unknown"),
        ({"video_id": None}, "field 'video_id' is 'None'"),
    ],
    ids=str,
)
def test_a_damaged_line_is_one_sentence(folder: Path, line: Any, message: str) -> None:
    content = line if isinstance(line, str) else json.dumps(line if "reason" in line else FINISHED | line)
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(content.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(MaesumError, match=re.escape(message)) as error:
        open_journal(folder)
    assert str(folder) in str(error.value)
    assert "to start anew" in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"every": 2}', "\x00"])
def test_damaged_settings_are_one_sentence(folder: Path, text: str) -> None:
    (folder / "settings.json").write_text(text)
    with pytest.raises(MaesumError, match=r"settings\.json: "):
        open_journal(folder)

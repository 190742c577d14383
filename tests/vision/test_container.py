"""Files of any name open; lists of other files do not; what the machine lacks is not the file's fault."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs the extra vision (PyAV)")

from maesum.vision.container import MachineShortage, UnreadableVideo, check_shortage, open_video
from maesum.vision.decode import timeline_of
from tests.vision.limits import file_handles
from tests.vision.synthetic import write_video

NAMES = ("Lesson1:intro.mp4", "<!--x>.mp4", "a \"b\" 'c' #1 50%?.mp4", "http:x.mp4", "-f.mp4", "%03d.mp4", "é中.mp4")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "a.mp4", 30)


@pytest.mark.parametrize("name", NAMES)
def test_any_name(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    shutil.copyfile(video, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert timeline_of(name).n_frames == timeline_of(tmp_path / name).n_frames == 30


def test_a_list_of_other_files_is_no_video(video: Path, tmp_path: Path) -> None:
    shutil.copyfile(video, tmp_path / "other.mp4")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(UnreadableVideo, match=r"list\.mp4: is a list of other files \(concat\), wanted a video"):
        timeline_of(tmp_path / "list.mp4")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        MemoryError(),
        RuntimeError("can't start new thread"),
        ImportError("failed to map segment from shared object"),
    ],
)
def test_what_the_machine_lacks(error: BaseException) -> None:
    with pytest.raises(MachineShortage, match=r"a\.mp4: cannot be read now, since the machine is short of something"):
        check_shortage(error, "a.mp4")


@pytest.mark.parametrize("error", [ValueError("x"), OSError(errno.EACCES, "Permission denied"), RuntimeError("x")])
def test_what_a_file_is_to_blame_for(error: BaseException) -> None:
    check_shortage(error, "a.mp4")


@pytest.mark.skipif(os.name != "posix", reason="needs limits of a process")
def test_no_file_handle_is_left(video: Path) -> None:
    with open_video(video):
        pass  # what is imported at the first time is there
    with file_handles(left=0), pytest.raises(MachineShortage, match="Too many open files"), open_video(video):
        pass

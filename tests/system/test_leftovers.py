"""Temporary files of killed processes go; those of living ones, here or elsewhere, stay."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from maesum.system import leftovers
from maesum.system.files import atomic_path, temporary_folder
from maesum.system.leftovers import remove_leftovers, temporary_name

WRITER = """
import os, signal, sys
from maesum.system.files import atomic_path, temporary_folder
with atomic_path("file.json") as path, temporary_folder(".", "folder") as folder:
    path.write_text("half"); (folder / "scores").write_text("half")
    print("writing", flush=True); signal.pause()
"""


@pytest.fixture(autouse=True)
def unseen(tmp_path, monkeypatch):
    """Every test is a process that has looked through no folder yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(leftovers, "_seen", set())


def _writer():
    process = subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    return process


def test_what_a_killed_process_left_goes_when_the_next_one_writes_and_not_before(tmp_path):
    process = _writer()
    (left,) = tmp_path.glob(".file*")
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_path(tmp_path / "other.json") as path:
        path.write_text("whole")
    assert left.exists()  # its process lives
    process.send_signal(signal.SIGKILL)
    process.communicate()
    leftovers._seen.clear()
    with atomic_path(tmp_path / "other.json") as path:
        path.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["other.json"]


def _name(name, place=None, pid=None):
    prefix, suffix = temporary_name(name)
    own_place, own_pid = prefix.removeprefix(f".{name}.").rstrip("-").split("-")
    return f".{name}.{place or own_place}-{pid or own_pid}-abc{suffix}"


def _dead_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_files_of_other_machines_go_after_a_week(tmp_path):
    for age, name in ((6, "young"), (8, "old")):
        path = tmp_path / _name(name, place="0123abcd", pid=_dead_pid())
        path.touch()
        os.utime(path, (path.stat().st_mtime - age * 24 * 3600,) * 2)
    remove_leftovers(tmp_path)
    assert [path.name.split(".")[1] for path in tmp_path.iterdir()] == ["young"]


def test_only_names_that_are_ours_go(tmp_path):
    names = [".notes.part", "file.part", _name("mine")[1:], _name("mine").removesuffix(".part"), _name("own")]
    for name in names:
        (tmp_path / name).touch()
    gone = tmp_path / _name("gone\nname", pid=_dead_pid())
    gone.touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_another_machine_or_container_is_another_place(monkeypatch):
    here = leftovers._place.__wrapped__()
    assert leftovers._place.__wrapped__() == here
    monkeypatch.setattr(os, "readlink", lambda path: "pid:[1]")
    assert leftovers._place.__wrapped__() != here
    monkeypatch.undo()
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    assert leftovers._place.__wrapped__() != here


def test_a_long_name_can_be_written(tmp_path):
    name = "é" * 120 + ".png"  # 244 bytes
    with atomic_path(tmp_path / name) as path:
        path.write_text("whole")
    assert (tmp_path / name).read_text() == "whole"


def test_a_temporary_folder_goes_with_its_block(tmp_path):
    with temporary_folder(tmp_path, "made") as folder:
        (folder / "file").touch()
        assert folder.stat().st_mode & 0o777 == 0o777 & ~_umask()
    with pytest.raises(RuntimeError), temporary_folder(tmp_path, "made"):
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask

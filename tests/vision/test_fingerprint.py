"""A file is known by its content: a copy is the same, whatever its time; another of the same size and time is not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from maesum.vision.fingerprint import fingerprint, is_unchanged


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(100_000))
    return path


def test_a_copy_is_the_same(file: Path, tmp_path: Path) -> None:
    known = fingerprint(file)
    assert is_unchanged(file, known)
    shutil.copyfile(file, tmp_path / "b.mp4")
    os.utime(tmp_path / "b.mp4", (1, 1))
    assert is_unchanged(tmp_path / "b.mp4", known)


@pytest.mark.parametrize("keeps_time", [True, False])
def test_another_of_the_same_size(file: Path, keeps_time: bool) -> None:
    known = fingerprint(file)
    file.write_bytes(np.random.default_rng(1).bytes(100_000))
    if keeps_time:
        os.utime(file, ns=(known.modified_ns, known.modified_ns))
    assert not is_unchanged(file, known)


def test_one_byte_at_any_place_where_the_time_tells(file: Path) -> None:
    known = fingerprint(file)
    content = bytearray(file.read_bytes())
    content[20_000] ^= 1  # in no part that is compared where the time is the same
    file.write_bytes(content)
    os.utime(file, (1, 1))
    assert not is_unchanged(file, known)


def test_small_and_shorter_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    known = fingerprint(tmp_path / "a")
    assert is_unchanged(tmp_path / "a", known)
    (tmp_path / "a").write_bytes(b"ab")
    assert not is_unchanged(tmp_path / "a", known)

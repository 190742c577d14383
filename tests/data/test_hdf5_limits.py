"""Small files that ask for much memory are refused before they get it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from maesum.data import Benchmark, FeatureStore, Scores, write_scores
from maesum.data.hdf5 import open_hdf5, read_array, read_attribute, read_strings, require_dataset
from maesum.data.sources.summe import _load_mat
from maesum.system.errors import MaesumError

MEGABYTE = 1 << 20


def point_to_one_string(path: Path, name: str, count: int = 20_000, **layout: object) -> None:
    """Replace a dataset by `count` strings that are all one and the same megabyte of the file."""
    with h5py.File(path, "r+") as file:
        if name in file:
            del file[name]
        dataset = file.create_dataset(name, (count,), h5py.string_dtype(), **layout)
        dataset[:] = "x"
        dataset[0] = "y" * MEGABYTE
        if dataset.chunks is None:
            offset, stored = dataset.id.get_offset(), dataset.id.get_storage_size()
        else:
            chunk = dataset.id.get_chunk_info(0)
            offset, stored = chunk.byte_offset, chunk.size
    width = 16  # of a reference: a length, an address and a number
    with path.open("r+b") as raw:
        raw.seek(offset)
        first = raw.read(width)
        raw.seek(offset)
        raw.write(first * (stored // width))


def peak_memory(path: Path, reader: str) -> tuple[int, str]:
    """What opening a file adds to the memory of a fresh process at most, in MiB, and what it says."""
    script = (
        f"import resource, sys\nfrom maesum.data import {reader}\nfrom maesum.system.errors import MaesumError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"try:\n    {reader}(sys.argv[1]); said = 'read'\nexcept MaesumError as error:\n    said = str(error)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10, said)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    grown, said = done.stdout.split(" ", 1)
    return int(grown), said


@pytest.mark.parametrize("layout", [{}, {"chunks": (20_000,)}], ids=["contiguous", "chunked"])
def test_ids_that_all_point_to_one_string(make_features: Callable[..., Path], layout: dict) -> None:
    path = make_features()
    point_to_one_string(path, "video_ids", **layout)
    assert path.stat().st_size < 2 * MEGABYTE
    grown, said = peak_memory(path, "FeatureStore")
    assert "the strings of dataset 'video_ids' take" in said
    assert grown < 200  # they would be 20 GB


def test_lists_that_all_point_to_one(tmp_path: Path) -> None:
    path = tmp_path / "lists.h5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("picks", (1000,), h5py.vlen_dtype(np.float64))
        dataset[0] = np.zeros(MEGABYTE // 8)
        offset, stored = dataset.id.get_offset(), dataset.id.get_storage_size()
    with path.open("r+b") as raw:
        raw.seek(offset)
        first = raw.read(16)
        raw.seek(offset)
        raw.write(first * (stored // 16))
    with (
        open_hdf5(path) as file,
        pytest.raises(MaesumError, match="'picks' take 1,048,576,000 bytes, but the file has"),
    ):
        read_array(require_dataset(file, "picks", path), path)


def test_one_dataset_under_many_names(tmp_path: Path) -> None:
    path = tmp_path / "scores.h5"
    write_scores(path, {"video_0": np.zeros(10)}, {})
    with h5py.File(path, "r+") as file:
        del file["video_ids"], file["video_0/importance"]
        file.create_dataset("video_0/importance", (15 * MEGABYTE,), "f4")  # never written: fill values
        for number in range(1, 200):
            file[f"video_{number}/importance"] = file["video_0/importance"]
    assert path.stat().st_size < MEGABYTE
    with pytest.raises(MaesumError, match="its datasets give more than 200 times the file's size"):
        Scores(path)


def test_strings_of_any_layout_are_read(tmp_path: Path) -> None:
    names = [f"vidéo {number}" for number in range(300)]
    with h5py.File(tmp_path / "names.h5", "w") as file:
        file.create_dataset("contiguous", data=names, dtype=h5py.string_dtype())
        file.create_dataset("chunked", data=names, dtype=h5py.string_dtype(), chunks=(100,), compression="gzip")
        file.create_dataset("fixed", data=[name.encode() for name in names], dtype=h5py.string_dtype("utf-8", 20))
        file.create_dataset("none", (0,), h5py.string_dtype())
    with open_hdf5(tmp_path / "names.h5") as file:
        for name in ("contiguous", "chunked", "fixed"):
            assert read_strings(require_dataset(file, name, "x"), tmp_path / "names.h5") == names
        assert read_strings(require_dataset(file, "none", "x"), tmp_path / "names.h5") == []


def test_an_attribute_that_is_a_list_is_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["list"] = ["x"] * 100
        file.attrs["text"] = "x"
        assert (read_attribute(file, "list"), read_attribute(file, "text")) == (None, "x")


def test_a_matlab_file_that_unpacks_a_thousandfold(tmp_path: Path) -> None:
    from scipy.io import savemat

    scores = np.zeros((12 * MEGABYTE, 1))
    savemat(tmp_path / "a.mat", {"user_score": scores, "nFrames": 1, "FPS": 1.0}, do_compression=True)
    assert (tmp_path / "a.mat").stat().st_size < MEGABYTE
    with pytest.raises(MaesumError, match="variable 'user_score' declares 100,663,296 bytes but stores"):
        _load_mat(tmp_path / "a.mat")


def test_honest_files_are_far_from_the_limits(demo_folder: Path) -> None:
    assert len(FeatureStore(demo_folder / "benchmark.h5")) == len(Benchmark(demo_folder / "annotations.h5"))

"""HDF5 files with one thing wrong, to the commands that read them: one sentence, nothing left, no flood of memory."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest

from tests.reliability import bad_inputs, good_inputs


def _set(name, value, **options):
    """Replace a dataset."""

    def change(file):
        if name in file:
            del file[name]
        file.create_dataset(name, data=value, **options)

    return change


def _attribute(name, value, node="/"):
    return lambda file: file[node].attrs.__setitem__(name, value)


def _huge(name, shape, dtype="u1", chunks=None):
    """A dataset that declares far more than the file holds."""

    def change(file):
        if name in file:
            del file[name]
        file.create_dataset(name, shape, dtype, chunks=chunks, compression="gzip" if chunks else None)

    return change


def _bomb(name, shape):
    """A dataset that is there in full, compressed a thousandfold."""

    def change(file):
        if name in file:
            del file[name]
        file.create_dataset(name, data=np.zeros(shape, np.uint8), compression="gzip", chunks=(1, 1 << 20))

    return change


def _link(name, link):
    def change(file):
        if name in file:
            del file[name]
        file[name] = link

    return change


def _external(name, shape, dtype):
    """A dataset whose values HDF5 would read from another file."""

    def change(file):
        if name in file:
            del file[name]
        file.create_dataset(name, shape, dtype, external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])

    return change


def _break_chunks(name):
    """Mark the bytes of a compressed dataset to be destroyed in the closed file."""
    return lambda file: [file[name].id.get_chunk_info(n).byte_offset for n in range(file[name].id.get_num_chunks())]


V = good_inputs.VIDEOS[0]
HDF5_DEFECTS = {
    "features": {
        "no offsets": lambda f: f.__delitem__("offsets"),
        "offsets of float": _set("offsets", np.array([0.0, 40.0, 80.0])),
        "offsets of rank 2": _set("offsets", np.array([[0, 40, 80]])),
        "negative offsets": _set("offsets", np.array([-40, 0, 80])),
        "overflowing offsets": _set("offsets", np.array([0, 2**62, 80], dtype=np.int64)),
        "unsigned offsets beyond int64": _set("offsets", np.array([0, 2**63 + 5, 80], dtype=np.uint64)),
        "offsets past the end": _set("offsets", np.array([0, 40, 10**9])),
        "one offset": _set("offsets", np.array([0])),
        "scalar offsets": _set("offsets", 3),
        "features of rank 1": _set("features", np.zeros(80, np.float16)),
        "features of rank 3": _set("features", np.zeros((80, 6, 1), np.float16)),
        "features of int": _set("features", np.zeros((80, 6), np.int32)),
        "features of float64": _set("features", np.zeros((80, 6))),
        "features of text": _set("features", np.array([[b"x"] * 6] * 80)),
        "features of complex": _set("features", np.zeros((80, 6), np.complex64)),
        "big-endian features": _set("features", np.zeros((80, 6), ">f4")),
        "chunked features": _set("features", np.zeros((80, 6), np.float16), chunks=(8, 6)),
        "no channel": _set("features", np.zeros((80, 0), np.float16)),
        "NaN features": _set("features", np.full((80, 6), np.nan, np.float16)),
        "infinite features": _set("features", np.full((80, 6), np.inf, np.float32)),
        "features never written": _huge("features", (10**12, 6), "f2"),
        "features elsewhere": _external("features", (80, 6), "f2"),
        "features by a soft link": _link("features", h5py.SoftLink("/fps")),
        "features in another file": _link("features", h5py.ExternalLink("/etc/hostname", "/features")),
        "ids twice": _set("video_ids", ["video_1", "video_1"]),
        "an id that climbs": _set("video_ids", ["../../video_1", "video_2"]),
        "an absolute id": _set("video_ids", ["/tmp/video_1", "video_2"]),
        "a Windows path as id": _set("video_ids", ["..\\video_1", "video_2"]),
        "an empty id": _set("video_ids", ["", "video_2"]),
        "an id of dots": _set("video_ids", ["..", "video_2"]),
        "an endless id": _set("video_ids", ["v" * 5000, "video_2"]),
        "an id that turns text": _set("video_ids", ["v\u202egpj.1", "video_2"]),
        "an id with an escape": _set("video_ids", ["v\x1b[2J", "video_2"]),
        "one id in two spellings": _set("video_ids", ["\u00e9", "e\u0301"]),
        "ids of numbers": _set("video_ids", np.arange(2)),
        "ids that are no utf-8": _set("video_ids", np.array([b"\xff\xfe", b"ok"])),
        "too few ids": _set("video_ids", ["video_1"]),
        "other ids": _set("video_ids", ["a", "b"]),
        "fps of text": _set("fps", ["x", "y"]),
        "too few fps": _set("fps", [30.0]),
        "labels of another count": _set("labels", ["a"]),
        "frame_step of text": _attribute("frame_step", "often"),
        "negative frame_step": _attribute("frame_step", -2),
        "frame_step that overflows": _attribute("frame_step", 2**62),
        "version of text": _attribute("version", "new"),
        "version of another time": _attribute("version", 99),
        "an array as format": _attribute("format", np.arange(3)),
        "offsets as a group": lambda f: (f.__delitem__("offsets"), f.create_group("offsets")),
    },
    "benchmark": {
        "scores of rank 1": _set(f"{V}/user_scores", np.ones(40)),
        "scores of text": _set(f"{V}/user_scores", np.array([[b"x"] * 40])),
        "NaN scores": _set(f"{V}/user_scores", np.full((3, 40), np.nan)),
        "infinite scores": _set(f"{V}/user_scores", np.full((3, 40), np.inf)),
        "no user": _set(f"{V}/user_scores", np.ones((0, 40))),
        "no frame": _set(f"{V}/user_scores", np.ones((3, 0))),
        "another length": _set(f"{V}/user_scores", np.ones((3, 30))),
        "scores never written": _huge(f"{V}/user_scores", (1, 10**11), chunks=(1, 10**6)),
        "an enormous chunk": _huge(f"{V}/user_scores", (1, 10**11), chunks=(1, 2 * 10**9)),
        "a compression bomb": _bomb(f"{V}/user_scores", (1, 100 << 20)),
        "scores elsewhere": _external(f"{V}/user_scores", (1, 5), "u1"),
        "a video by a soft link": _link(V, h5py.SoftLink("/video_2")),
        "a video that links to itself": _link(V, h5py.SoftLink(f"/{V}")),
        "a video in another file": _link(V, h5py.ExternalLink("/etc/hostname", "/")),
        "a video as a dataset": lambda f: (f.__delitem__(V), f.create_dataset(V, data=[1])),
        "fps of zero": _attribute("fps", 0.0, V),
        "fps of NaN": _attribute("fps", np.nan, V),
        "fps of text": _attribute("fps", "fast", V),
        "an array as fps": _attribute("fps", np.ones(3), V),
        "another meaning of its scores": _attribute("user_scores", "votes"),
        "a number as name": _attribute("name", 3),
        "an unknown kind": _attribute("kind", "vibes"),
        "shots out of order": _set(f"{V}/change_points", np.array([[20, 39], [0, 19]])),
        "shots past the end": _set(f"{V}/change_points", np.array([[0, 19], [20, 400]])),
        "negative shots": _set(f"{V}/change_points", np.array([[-5, 19], [20, 39]])),
        "overflowing shots": _set(f"{V}/change_points", np.array([[0, 2**63 + 9], [20, 39]], dtype=np.uint64)),
        "shots of float": _set(f"{V}/change_points", np.array([[0.0, 19.0]])),
        "shots of rank 1": _set(f"{V}/change_points", np.arange(4)),
        "no shot": _set(f"{V}/change_points", np.zeros((0, 2), int)),
        "a listed video without a group": lambda f: f.__delitem__(V),
        "a group that is not listed": lambda f: f.create_group("video_9"),
        "no video": _set("video_ids", np.array([], dtype=object), dtype=h5py.string_dtype()),
        "ids twice": _set("video_ids", [V, V]),
    },
    "scores": {
        "NaN": _set(f"{V}/importance", np.full(20, np.nan)),
        "infinite": _set(f"{V}/importance", np.full(20, -np.inf)),
        "rank 2": _set(f"{V}/importance", np.ones((20, 1))),
        "empty": _set(f"{V}/importance", np.ones(0)),
        "text": _set(f"{V}/importance", np.array([b"x"] * 20)),
        "another length": _set(f"{V}/importance", np.ones(21)),
        "never written": _huge(f"{V}/importance", (10**12,), "f4"),
        "negative picks": _set(f"{V}/picks", np.arange(-1, 19)),
        "falling picks": _set(f"{V}/picks", np.arange(20)[::-1]),
        "picks past the end": _set(f"{V}/picks", np.arange(20) + 10**6),
        "overflowing picks": _set(f"{V}/picks", np.arange(20, dtype=np.uint64) + np.uint64(2**63)),
        "picks of float": _set(f"{V}/picks", np.arange(20.0)),
        "too few picks": _set(f"{V}/picks", np.arange(3)),
        "a video in another file": _link(V, h5py.ExternalLink("/etc/hostname", "/")),
        "scores elsewhere": _external(f"{V}/importance", (2,), "f4"),
        "no video": lambda f: [f.__delitem__(name) for name in list(f)],
        "one video missing": lambda f: (f.__delitem__(V), f.__delitem__("video_ids")),
        "one video too many": lambda f: (f.copy(V, "video_9"), f.__delitem__("video_ids")),
        "ids twice": _set("video_ids", [V, V]),
    },
    "eccv16": {
        "NaN features": _set(f"{V}/features", np.full((40, 6), np.nan)),
        "uneven picks": _set(f"{V}/picks", np.r_[np.arange(39) * 15, 7]),
        "picks of text": _set(f"{V}/picks", np.array([b"x"] * 40)),
        "negative n_frames": _set(f"{V}/n_frames", -600),
        "n_frames of NaN": _set(f"{V}/n_frames", np.nan),
        "n_frames that overflow": _set(f"{V}/n_frames", 1e300),
        "features never written": _huge(f"{V}/features", (10**10, 6), "f4"),
        "features in another file": _link(f"{V}/features", h5py.ExternalLink("/etc/hostname", "/x")),
        "a video in another file": _link(V, h5py.ExternalLink("/etc/hostname", "/x")),
        "summaries of rank 3": _set(f"{V}/user_summary", np.ones((3, 600, 1))),
        "NaN summaries": _set(f"{V}/user_summary", np.full((3, 600), np.nan)),
        "a soft link beside the videos": _link("video_3", h5py.SoftLink("/video_1")),
        "a compression bomb": _bomb(f"{V}/user_summary", (1, 100 << 20)),
    },
    "tvsum": {
        "no struct": lambda f: f.__delitem__("tvsum50"),
        "a field missing": lambda f: f.__delitem__("tvsum50/title"),
        "references that lead nowhere": lambda f: f["tvsum50/title"].__setitem__((0, 0), h5py.Reference()),
        "numbers for references": _set("tvsum50/video", np.ones((2, 1))),
        "fields of other lengths": _set("tvsum50/length", np.ones((3, 1))),
        "scores of 9": lambda f: f["#refs#/user_anno0"].__setitem__(..., 9),
        "NaN scores": lambda f: f["#refs#/user_anno1"].__setitem__(..., np.nan),
        "no duration": lambda f: f["#refs#/length0"].__setitem__(..., 0),
        "negative frames": lambda f: f["#refs#/nframes0"].__setitem__(..., -5),
        "frames of NaN": lambda f: f["#refs#/nframes0"].__setitem__(..., np.nan),
    },
}  # fmt: skip
_ALL_HDF5 = [(name, defect) for name, defects in HDF5_DEFECTS.items() for defect in defects]


@pytest.mark.parametrize(("name", "defect"), _ALL_HDF5, ids=[f"{name}: {defect}" for name, defect in _ALL_HDF5])
def test_hdf5_files_with_a_defect_are_refused(inputs, tmp_path, name, defect):
    good = inputs[name]
    with h5py.File(good.path, "r+") as file:
        HDF5_DEFECTS[name][defect](file)
    first = defect == next(iter(HDF5_DEFECTS[name]))
    assert bad_inputs.judge(name, good, tmp_path, whole_command=first) == "refused"


@pytest.mark.parametrize(("name", "dataset"), [("benchmark", f"{V}/user_scores"), ("tvsum", "#refs#/user_anno0")])
def test_a_damaged_compressed_chunk_names_the_dataset(inputs, tmp_path, name, dataset):
    good = inputs[name]
    with h5py.File(good.path, "r") as file:
        chunk = file[dataset].id.get_chunk_info(0)
    content = bytearray(good.path.read_bytes())
    content[chunk.byte_offset + 2 : chunk.byte_offset + chunk.size] = b"\xa5" * (chunk.size - 2)
    good.path.write_bytes(content)
    assert (
        bad_inputs.judge(name, good, tmp_path, f"dataset '{dataset}' cannot be read", whole_command=True) == "refused"
    )


@pytest.mark.slow
def test_large_declared_sizes_take_no_memory(inputs, tmp_path):
    """The same in a process of its own, with the peak that the system measured."""
    good = inputs["benchmark"]
    with h5py.File(good.path, "r+") as file:
        HDF5_DEFECTS["benchmark"]["a compression bomb"](file)
    script = (
        "import resource, sys\nfrom maesum.data.benchmark import Benchmark\nfrom maesum.system.errors import MaesumError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    benchmark = Benchmark(sys.argv[1]); benchmark[benchmark.video_ids[0]]\n"
        "except MaesumError as error:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(good.path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < 20_000  # KiB; the dataset unpacks to 100 MiB

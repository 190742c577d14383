"""Bad input of every format to every command that reads it: one sentence, nothing left behind, no crash, no flood."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maesum.data.features import check_video_ids
from maesum.system.errors import MaesumError
from tests.commands import maesum_here
from tests.reliability import bad_inputs, good_inputs

NAMES = (
    "features", "benchmark", "scores", "scores, JSON", "splits", "checkpoint", "npy", "ids", "tvsum", "summe",
    "eccv16", "finegym", "finegym, timing",
)  # fmt: skip

#: How many damaged copies of each format are tried; the formats whose readers have more to decide get more.
TRIALS = {"features": 15, "benchmark": 15, "scores": 15, "checkpoint": 15}
_FEW = 6  # of the others; `python -m tests.reliability` tries more of all


@pytest.fixture(scope="session")
def whole_inputs(tmp_path_factory):
    """The folder with a whole input of every format that each test damages a copy of."""
    folder = tmp_path_factory.mktemp("whole")
    good_inputs.make(folder)
    return folder


@pytest.fixture
def inputs(whole_inputs, tmp_path):
    """A whole input of every format in a folder of its own."""
    shutil.copytree(whole_inputs, tmp_path, dirs_exist_ok=True)
    return good_inputs.commands(tmp_path)


@pytest.fixture(scope="module", autouse=True)
def printed_report():
    """Prints how many distinct bad inputs this process tried."""
    yield
    print(f"\n{bad_inputs.report()}")


@pytest.mark.parametrize("name", NAMES)
def test_whole_inputs_are_accepted(inputs, tmp_path, name):
    done = maesum_here(*inputs[name].command, folder=tmp_path, cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / inputs[name].out).exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_damaged_copies_never_crash(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("damaged")
    good = good_inputs.make(folder)[name]
    whole = good.path.read_bytes()

    @settings(
        max_examples=TRIALS.get(name, _FEW), deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**32 - 1))
    def damage(seed):
        good.path.write_bytes(bad_inputs.damaged(whole, np.random.default_rng(seed)))
        bad_inputs.judge(name, good, folder)

    damage()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("defect", ["empty", "absent", "a folder", "noise"])
def test_what_is_no_file_of_the_format_is_refused(inputs, tmp_path, name, defect):
    good = inputs[name]
    good.path.unlink()
    if defect == "empty":
        good.path.write_bytes(b"")
    elif defect == "a folder":
        good.path.mkdir()
    elif defect == "noise":
        good.path.write_bytes(np.random.default_rng(1).bytes(3000))
    found = bad_inputs.judge(name, good, tmp_path)
    only_one_array_is_left = name == "npy" and defect in ("absent", "a folder")
    assert found == ("harmless" if only_one_array_is_left else "refused")


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
    assert bad_inputs.judge(name, good, tmp_path) == "refused"


@pytest.mark.parametrize(("name", "dataset"), [("benchmark", f"{V}/user_scores"), ("tvsum", "#refs#/user_anno0")])
def test_a_damaged_compressed_chunk_names_the_dataset(inputs, tmp_path, name, dataset):
    good = inputs[name]
    with h5py.File(good.path, "r") as file:
        chunk = file[dataset].id.get_chunk_info(0)
    content = bytearray(good.path.read_bytes())
    content[chunk.byte_offset + 2 : chunk.byte_offset + chunk.size] = b"\xa5" * (chunk.size - 2)
    good.path.write_bytes(content)
    assert bad_inputs.judge(name, good, tmp_path, message=f"dataset '{dataset}' cannot be read") == "refused"


TEXTS = {
    "scores, JSON": [
        "", "nul", "[]", "3", "{}", '{"video_1": 3}', '{"video_1": []}', '{"video_1": [1, "x"]}', '{"video_1": [[1]]}',
        '{"video_1": [NaN]}', '{"video_1": [1e999]}', '{"video_1": [null]}', '{"video_1": {"a": 1}}', "[" * 100_000,
        '{"video_1": [1], "video_1": [2]}', '{"../x": [1]}', '{"": [1]}', '{"\\ud800": [1]}', '{"video_1": [1' + "0" * 400 + "]}",
        '{"video_1": ' + "[" * 2000 + "]" * 2000 + "}", '{"video_1": [true, "1"]}',
    ],
    "splits": [
        "", "{}", "[]", "[3]", '[{"test_keys": []}]', '[{"test_keys": [3]}]', '[{"test_keys": "video_1"}]', "[" * 100_000,
        '[{"test_keys": ["video_1", "video_1"]}]', '[{"test_keys": ["video_7"]}]', '{"other": []}', '[{"train_keys": ["video_1"]}]',
        '{"small": 3}', '[{"test_keys": [["video_1"]]}]', '[{"test_keys": ["video_1"], "test_keys": ["video_2"]}]', "\ufeff[]", "nan",
    ],
    "ids": ["", "\n\n", "video_1\nvideo_1", "../video_1", "nothing", "\x00", "v" * 100_000],
    "finegym": [
        "", "video_1", "video_1_E_5_1_A_0_1 3", "video_1_E_-1_1_A_0_1 3", "video_1_E_0_1_A_0_1 x", "video_2_E_0_1_A_0_1 3",
        "video_1_E_" + "9" * 400 + "_" + "9" * 401 + "_A_0_1 3\nvideo_2_E_0_1_A_0_1 3", "\x00\x01",
        "video_1_E_" + "9" * 5000 + "_1_A_0_1 3", "video_1_E_900_901_A_0_1 3\nvideo_2_E_0_1_A_0_1 3",
    ],
    "finegym, timing": [
        "", "video_id,fps", "video_id,fps,n_frames", "video_id,fps,n_frames\nvideo_1,30,40",
        *(f"video_id,fps,n_frames\nvideo_1,{fps},{frames}\nvideo_2,30,40" for fps, frames in (
            (0, 40), (-1, 40), ("nan", 40), ("inf", 40), ("x", 40), ("1e300", 40), (30, 0), (30, -4), (30, 1.5), (30, 10**12),
            (30, 10**30), (30, "9" * 5000), ("", ""),
        )),
        "video_id,fps,n_frames\nvideo_1,30\nvideo_2", 'video_id,fps,n_frames\n"video_1,30,40',
        "video_id,fps,n_frames\nvideo_1,30,40\nvideo_1,25,40\nvideo_2,30,40",
    ],
}  # fmt: skip
_ALL_TEXTS = [(name, number) for name, texts in TEXTS.items() for number in range(len(texts))]


@pytest.mark.parametrize(("name", "number"), _ALL_TEXTS)
def test_texts_with_a_defect_are_refused(inputs, tmp_path, name, number):
    inputs[name].path.write_bytes(TEXTS[name][number].encode("utf-8", "surrogatepass"))
    assert bad_inputs.judge(name, inputs[name], tmp_path) == "refused"


def _header(text: str) -> bytes:
    padded = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


ARRAYS = {
    "rank 1": np.ones(40), "rank 3": np.ones((40, 6, 1)), "another width": np.ones((40, 7)), "no channel": np.ones((40, 0)),
    "too short": np.ones((3, 6)), "NaN": np.full((40, 6), np.nan), "infinite": np.full((40, 6), np.inf),
    "beyond float16": np.full((40, 6), 1e6), "text": np.full((40, 6), "x"), "bool": np.ones((40, 6), bool),
    "complex": np.ones((40, 6), complex), "dates": np.zeros((40, 6), "M8[s]"), "records": np.zeros((40, 6), [("a", "f4")]),
    "a scalar": np.float32(3),
    "objects": _header("{'descr': '|O', 'fortran_order': False, 'shape': (40, 6), }") + b"cos\nsystem\n(S'true'\ntR.",
    "a huge shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 6), }") + b"0" * 99,
    "an overflowing shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 6), }"),
    "a negative shape": _header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 6), }"),
    "a header that computes": _header("__import__('os').system('true')"),
    "a header without end": b"\x93NUMPY\x01\x00\xff\xff{",
    "a deep header": _header("(" * 5000),
    "another version": b"\x93NUMPY\x09\x00" + b"\x00" * 80,
}  # fmt: skip


@pytest.mark.parametrize("defect", ARRAYS)
def test_arrays_with_a_defect_are_refused(inputs, tmp_path, defect):
    value = ARRAYS[defect]
    if isinstance(value, bytes):
        inputs["npy"].path.write_bytes(value)
    else:
        np.save(inputs["npy"].path, value)
    assert bad_inputs.judge("npy", inputs["npy"], tmp_path) == "refused"


MODEL_DEFECTS = {
    "frames": [10**12, -1, 0, "30", None, 2.5], "encoder_dim": [10**9, -8, 0, "8", 7], "encoder_depth": [10**9, -1, "1", 2],
    "mlp_ratio": [float("nan"), float("inf"), -1.0, 1e30, "4"], "stream": ["x", 3, None], "feature_dim": [10**10, 0, -6],
    "encoder_heads": [0, 3, -2, None], "decoder_dim": [2**62], "surprise": [1],
}  # fmt: skip
_ALL_MODEL = [(field, number) for field, values in MODEL_DEFECTS.items() for number in range(len(values))]


@pytest.mark.parametrize(("field", "number"), _ALL_MODEL)
def test_checkpoints_that_describe_another_model_are_refused(inputs, tmp_path, field, number):
    good = inputs["checkpoint"]
    content = torch.load(good.path, weights_only=True)
    content["hyper_parameters"]["model"][field] = MODEL_DEFECTS[field][number]
    torch.save(content, good.path)
    assert bad_inputs.judge("checkpoint", good, tmp_path) == "refused"


WEIGHT_DEFECTS = {
    "NaN": lambda w: torch.full_like(w, float("nan")),
    "complex": lambda w: w.to(torch.complex64),
    "sparse": lambda w: w.to_sparse(),
    "a view of one number": lambda w: torch.zeros(1).expand(10**6, 10**6),
    "no tensor": lambda w: [1, 2],
    "absent": lambda w: None,
    "another shape": lambda w: w[..., :1],
}


@pytest.mark.parametrize("defect", WEIGHT_DEFECTS)
def test_checkpoints_with_unfit_weights_are_refused(inputs, tmp_path, defect):
    good = inputs["checkpoint"]
    content = torch.load(good.path, weights_only=True)
    name = "model.head.weight"
    content["state_dict"][name] = WEIGHT_DEFECTS[defect](content["state_dict"][name])
    torch.save(content, good.path)
    assert bad_inputs.judge("checkpoint", good, tmp_path) == "refused"


class Touch:
    """Unpickled by an unsafe loader, it creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_a_crafted_checkpoint_is_refused_and_not_executed(inputs, tmp_path):
    good, touched = inputs["checkpoint"], tmp_path / "touched"
    content = torch.load(good.path, weights_only=True)
    for field in ("extra", "state_dict", "hyper_parameters"):
        torch.save({**content, field: Touch(touched)}, good.path)
        assert bad_inputs.judge("checkpoint", good, tmp_path, message="refused") == "refused"
    assert not touched.exists()


def test_a_compressed_checkpoint_is_refused_before_it_is_unpacked(inputs, tmp_path):
    good = inputs["checkpoint"]
    with zipfile.ZipFile(good.path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("data.pkl", "version", "data/0"):
            archive.writestr(f"archive/{name}", b"\x00" * (64 << 20) if name == "data/0" else b"3\n")
    assert bad_inputs.judge("checkpoint", good, tmp_path, message="is compressed") == "refused"


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


@pytest.mark.parametrize("name", ["features", "scores", "npy", "eccv16", "finegym"])
def test_a_read_only_output_folder_is_one_sentence(inputs, tmp_path, name):
    """Root may write anywhere, so the kernel's own read-only tree stands in for a read-only folder."""
    if not Path("/proc/self").exists():
        pytest.skip("no /proc to write to in vain")
    command = [f"out=/proc/maesum/{name}" if option.startswith("out=") else option for option in inputs[name].command]
    done = maesum_here(*command, folder=tmp_path, cache=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "/proc/maesum" in done.stderr


def test_an_unwritable_run_folder_is_one_sentence(inputs, tmp_path):
    command = [*inputs["scores"].command, "hydra.run.dir=/proc/maesum"]
    done = maesum_here(*command, folder=tmp_path, cache=tmp_path)
    assert done.returncode == 2
    assert "/proc/maesum" in done.stderr


def test_an_unreadable_file_is_one_sentence(inputs, tmp_path):
    """As another user, since root may read anything."""
    import os

    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        inputs["scores, JSON"].path.chmod(0)
    else:
        inputs["scores, JSON"].path.unlink()
        inputs["scores, JSON"].path.symlink_to("/proc/self/mem")  # opens, and fails when read
    assert bad_inputs.judge("scores, JSON", inputs["scores, JSON"], tmp_path) == "refused"


def test_a_features_file_that_disappears_is_one_sentence(inputs, tmp_path):
    from maesum.data import FeatureStore

    store = FeatureStore(tmp_path / "features.h5")
    (tmp_path / "features.h5").unlink()
    with pytest.raises(MaesumError, match=r"features\.h5: the features cannot be mapped"):
        store[V]


def test_a_features_file_that_is_cut_after_opening_is_one_sentence(inputs, tmp_path):
    from maesum.data import FeatureStore

    store = FeatureStore(tmp_path / "features.h5")
    with open(tmp_path / "features.h5", "r+b") as file:
        file.truncate(3000)
    with pytest.raises(MaesumError, match=r"features\.h5: was cut to 3,000 bytes"):
        store[V]


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


def test_three_hundred_distinct_bad_inputs_were_meant(tmp_path):
    named = len(_ALL_HDF5) + len(_ALL_TEXTS) + len(ARRAYS) + len(_ALL_MODEL) + len(WEIGHT_DEFECTS) + 4 * len(NAMES)
    random = sum(TRIALS.get(name, _FEW) for name in NAMES)
    assert named >= 250
    assert named + random >= 350

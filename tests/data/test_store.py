"""The feature store: what is read is what was written, over shards and processes; broken files are named."""

import pickle

import h5py
import numpy as np
import pytest
import torch

from maesum.data import FeatureStore, write_features
from maesum.data.feature_files import take_files
from maesum.system.errors import MaesumError


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_reads_what_was_written(tmp_path, dtype):
    rng = np.random.default_rng(0)
    videos = {"a": rng.normal(size=(40, 6)), "ünï cødé": rng.normal(size=(33, 6)), "c": rng.normal(size=(1, 6))}
    path = tmp_path / "features.h5"
    lengths = [len(video) for video in videos.values()]
    write_features(
        path, list(videos), lengths, videos.values(), dtype=dtype, backbone="test", fps=[30, 25, 24.5],
        labels=["x", "y", "x"], n_frames=[600, 495, 15], frame_step=15,
    )  # fmt: skip
    store = FeatureStore(path)
    assert store.video_ids == list(videos)
    assert store.lengths.tolist() == lengths
    assert store.offsets.tolist() == [0, 40, 73, 74]
    assert (store.dim, store.frame_step, store.backbone) == (6, 15, "test")
    assert (store.fps, store.labels, store.n_frames) == ([30, 25, 24.5], ["x", "y", "x"], [600, 495, 15])
    for video_id, features in videos.items():
        assert store[video_id].dtype == getattr(torch, dtype)
        np.testing.assert_array_equal(store[video_id].numpy(), features.astype(dtype))
        assert store.index(video_id) == list(videos).index(video_id)
        assert video_id in store
    assert "absent" not in store


@pytest.mark.parametrize("shards", [1, 3])
def test_gather_equals_plain_indexing(make_features, shards):
    paths = [make_features(f"shard{i}.h5", lengths=(40, 31 + i, 90)) for i in range(shards)]
    store = FeatureStore(paths)
    everything = np.concatenate([h5py.File(path)["features"][:] for path in paths])
    index = np.random.default_rng(1).integers(0, len(everything), (7, 30))
    gathered = store.gather(index)
    assert gathered.shape == (7, 30, 8)
    np.testing.assert_array_equal(gathered.numpy(), everything[index])
    for number, video_id in enumerate(store.video_ids):
        rows = slice(store.offsets[number], store.offsets[number + 1])
        np.testing.assert_array_equal(store[video_id].numpy(), everything[rows])


def test_gather_refuses_rows_outside(make_features):
    store = FeatureStore(make_features())
    for row in (-1, int(store.offsets[-1])):
        with pytest.raises(IndexError):
            store.gather(np.array([0, row]))
    assert store.gather(np.zeros((0, 30), dtype=np.int64)).shape == (0, 30, 8)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_survives_being_sent_to_another_process(make_features, method):
    store = FeatureStore([make_features("a.h5"), make_features("b.h5")])
    expected = store.gather(np.arange(60))  # mapped here before it is sent
    with torch.multiprocessing.get_context(method).Pool(2) as pool:
        for gathered in pool.map(store.gather, [np.arange(60)] * 4):
            torch.testing.assert_close(gathered, expected)
    assert len(pickle.dumps(store)) < 5_000  # ids and offsets travel, features do not


def test_patterns_expand_in_order(make_features, tmp_path):
    for name in ("s2.h5", "s10.h5", "s1.h5"):
        make_features(name)
    (taken,) = take_files(str(tmp_path / "s*.h5"))
    assert [path.name for path in taken.paths] == ["s1.h5", "s10.h5", "s2.h5"]
    assert taken.describe() == f"{tmp_path}/s*.h5 took 3 files: s1.h5, s10.h5, s2.h5"
    with pytest.raises(MaesumError, match="no file fits"):
        take_files(str(tmp_path / "absent*.h5"))


def test_rows_are_described_for_messages(make_features):
    store = FeatureStore([make_features("a.h5"), make_features("b.h5")])
    assert store.describe_row(40 + 90 + 31 + 40 + 2).endswith("b.h5: video 'b_1', frame 2")


def _set(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


BROKEN = {
    "format": (lambda f: f.attrs.__setitem__("format", "other"), "attribute 'format' is 'other', wanted 'maesum-features'"),
    "no format": (lambda f: f.attrs.__delitem__("format"), "attribute 'format' is None"),
    "version": (lambda f: f.attrs.__setitem__("version", 99), "attribute 'version' is 99, but this release reads up to 1"),
    "no features": (lambda f: f.__delitem__("features"), "dataset 'features' is missing"),
    "no offsets": (lambda f: f.__delitem__("offsets"), "dataset 'offsets' is missing"),
    "no ids": (lambda f: f.__delitem__("video_ids"), "dataset 'video_ids' is missing"),
    "falling": (_set("offsets", np.array([0, 90, 40, 161])), "goes from 90 to 40 at video 1, wanted increasing"),
    "repeated": (_set("offsets", np.array([0, 40, 40, 161])), "goes from 40 to 40 at video 1"),
    "late start": (_set("offsets", np.array([1, 40, 130, 161])), "runs from 1 to 161, wanted 0 to 161"),
    "overflow": (_set("offsets", np.array([0, 40, 130, 2**62])), "wanted 0 to 161"),
    "float offsets": (_set("offsets", np.array([0.0, 40, 130, 161])), "'offsets' is of type float64, wanted int64"),
    "empty": (_set("offsets", np.array([0])), "the set is empty"),
    "few ids": (_set("video_ids", [b"a", b"b"]), "holds 2 names for 3 videos"),
    "twice": (_set("video_ids", [b"a", b"b", b"a"]), "'a' occurs twice"),
    "path id": (_set("video_ids", [b"a", b"../b", b"c"]), "path separator"),
    "rank": (_set("features", np.zeros((161, 2, 4), np.float16)), r"shape \(161, 2, 4\), wanted 2 dimension"),
    "dtype": (_set("features", np.zeros((161, 8))), "of type float64, wanted float16 or float32"),
    "width": (_set("features", np.zeros((161, 0), np.float16)), "wanted at least one channel"),
    "step": (lambda f: f.attrs.__setitem__("frame_step", 0.5), "attribute 'frame_step' is 0.5"),
    "labels": (lambda f: f.__setitem__("labels", [b"x"]), "'labels' holds 1 values for 3 videos"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named(make_features, case):
    path = make_features("broken.h5")
    change, message = BROKEN[case]
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(MaesumError, match=message) as error:
        FeatureStore(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_chunked_features_are_refused(make_features):
    path = make_features()
    with h5py.File(path, "r+") as file:
        values = file["features"][:]
        del file["features"]
        file.create_dataset("features", data=values, chunks=True, compression="gzip")
    with pytest.raises(MaesumError, match="wanted contiguous data"):
        FeatureStore(path)


def test_files_that_are_no_features_file(tmp_path, make_features):
    with pytest.raises(MaesumError, match="no such file"):
        FeatureStore(tmp_path / "absent.h5")
    with pytest.raises(MaesumError, match="is a folder"):
        FeatureStore(tmp_path)
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(MaesumError, match="not a readable HDF5 file"):
        FeatureStore(tmp_path / "text.h5")
    whole = make_features("whole.h5", lengths=(400, 400))
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole.read_bytes()[:-500])
    with pytest.raises(MaesumError, match="cut"):
        FeatureStore(cut)


def test_shards_must_belong_together(make_features):
    first = make_features("a.h5")
    with pytest.raises(MaesumError, match="dim is 9, but"):
        FeatureStore([first, make_features("b.h5", dim=9)])
    with pytest.raises(MaesumError, match="backbone is resnet50, but"):
        FeatureStore([first, make_features("c.h5", backbone="resnet50")])
    with pytest.raises(MaesumError, match="'a_0' occurs twice"):
        FeatureStore([first, first])


WRITES = {
    "no video": (dict(video_ids=[], lengths=[], arrays=[]), "no video to write"),
    "nan": (dict(arrays=[np.full((40, 2), np.nan)]), "video 'a', frame 0, channel 0 is nan"),
    "overflow": (dict(arrays=[np.full((40, 2), 1e6)]), "overflows float16; store it as float32: source.dtype=float32"),
    "shape": (dict(arrays=[np.zeros((39, 2))]), r"shape \(39, 2\), wanted \(40, 2\)"),
    "rank": (dict(arrays=[np.zeros(40)]), r"shape \(40,\)"),
    "objects": (dict(arrays=[np.full((40, 2), "x")]), "wanted numbers"),
    "length": (dict(lengths=[0]), "wanted one of at least 1 each"),
    "dtype": (dict(dtype="int8"), "wanted float16 or float32"),
    "id": (dict(video_ids=["a/b"]), "path separator"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITES)
def test_a_refused_write_leaves_nothing(tmp_path, case):
    change, message = WRITES[case]
    arguments = dict(video_ids=["a"], lengths=[40], arrays=[np.zeros((40, 2))]) | change
    with pytest.raises(MaesumError, match=message):
        write_features(tmp_path / "out.h5", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_disappears_is_one_sentence(make_features):
    path = make_features()
    store = FeatureStore(path)
    path.unlink()
    with pytest.raises(MaesumError, match=r"features\.h5: the features cannot be mapped"):
        store[store.video_ids[0]]


def test_a_file_that_is_cut_after_opening_is_one_sentence(make_features):
    path = make_features()
    store = FeatureStore(path)
    with open(path, "r+b") as file:
        file.truncate(3000)
    with pytest.raises(MaesumError, match=r"features\.h5: was cut to 3,000 bytes"):
        store[store.video_ids[0]]

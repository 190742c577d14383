"""What files hold, told apart by content alone: not by path, time, or how a set is cut into shards."""

from __future__ import annotations

import os
import shutil

import h5py
import numpy as np
import pytest

from maesum.data import VideoAnnotation, write_benchmark, write_features
from maesum.data.demo import make_demo
from maesum.runs import fingerprint as module
from maesum.runs.fingerprint import decisive_files, fingerprint, fingerprints
from maesum.runs.method_settings import method_defaults

LENGTHS = [40, 30, 50]


def arrays(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(length, 8)) for length in LENGTHS]


def write(path, ids=("a", "b", "c"), lengths=LENGTHS, videos=None, **more):
    write_features(path, list(ids), lengths, videos or arrays(), **more)
    return path


@pytest.fixture(params=["whole", "sampled"])
def size(request, monkeypatch):
    """Small sets are hashed whole; with a small bound, a sample of them stands for a large set."""
    if request.param == "sampled":
        monkeypatch.setattr(module, "_WHOLE_BYTES", 100)
        monkeypatch.setattr(module, "_SAMPLED", 7)


@pytest.mark.usefixtures("size")
def test_equal_content_is_equal_wherever_and_whenever_it_was_written(tmp_path):
    first = write(tmp_path / "first.h5")
    known = fingerprint(str(first))
    assert len(known) == 16
    (tmp_path / "there").mkdir()
    shutil.copy(first, tmp_path / "there" / "second.h5")
    os.utime(tmp_path / "there" / "second.h5", (1, 1))
    assert fingerprint(tmp_path / "there" / "second.h5") == known
    assert fingerprint(write(tmp_path / "third.h5", backbone="other name")) == known


@pytest.mark.usefixtures("size")
def test_a_set_is_the_same_however_it_is_cut(tmp_path):
    whole = fingerprint(write(tmp_path / "whole.h5"))
    write(tmp_path / "part-1.h5", ("a", "b"), LENGTHS[:2], arrays()[:2])
    write(tmp_path / "part-2.h5", ("c",), LENGTHS[2:], arrays()[2:])
    assert fingerprint(str(tmp_path / "part-*.h5")) == whole
    assert fingerprint([tmp_path / "part-1.h5", tmp_path / "part-2.h5"]) == whole
    assert fingerprint([tmp_path / "part-2.h5", tmp_path / "part-1.h5"]) != whole  # other row numbers, other clips


@pytest.mark.usefixtures("size")
def test_other_content_of_the_same_shape_is_another(tmp_path):
    changed = [
        write(tmp_path / "0.h5"),
        write(tmp_path / "1.h5", videos=arrays(1)),
        write(tmp_path / "2.h5", ids=("a", "b", "d")),
        write(tmp_path / "3.h5", ids=("b", "a", "c")),
        write(tmp_path / "4.h5", lengths=[30, 40, 50], videos=np.split(np.concatenate(arrays()), [30, 70])),
        write(tmp_path / "5.h5", dtype="float32"),
        write(tmp_path / "6.h5", labels=["x", "y", "z"]),
        write(tmp_path / "7.h5", frame_step=15),
        write(tmp_path / "8.h5", n_frames=[600, 450, 750], frame_step=15),
    ]
    assert len({fingerprint(path) for path in changed}) == len(changed)


def test_a_sample_holds_a_row_of_each_of_few_videos(tmp_path, monkeypatch):
    """One video computed anew is noticed in a set that is too large to be read."""
    monkeypatch.setattr(module, "_WHOLE_BYTES", 100)
    known = fingerprint(write(tmp_path / "a.h5"))
    for video in range(3):
        videos = arrays()
        videos[video] = videos[video] + 1
        assert fingerprint(write(tmp_path / "b.h5", videos=videos)) != known


def test_annotations_are_known_by_their_values(tmp_path):
    def benchmark(scores, fps=30.0, shots=None):
        annotation = VideoAnnotation("a", np.asarray(scores), fps, "A", None if shots is None else np.asarray(shots))
        write_benchmark(tmp_path / "a.h5", "mine", "ratings", [annotation], "made")
        return fingerprint(tmp_path / "a.h5")

    known = benchmark([[1, 2, 3]])
    assert benchmark([[1, 2, 3]]) == benchmark([[1.0, 2.0, 3.0]]) == known
    others = [benchmark([[1, 2, 4]]), benchmark([[1, 2, 3]], 25.0), benchmark([[1, 2, 3]], shots=[[0, 2]])]
    assert len({known, *others}) == 4


def test_what_is_missing_or_damaged_has_none(tmp_path):
    for paths in ("absent.h5", str(tmp_path / "*.h5"), None, [], str(tmp_path)):
        assert fingerprint(paths) is None
    path = write(tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        del file["offsets"]
    assert fingerprint(path) is None
    (tmp_path / "text.ckpt").write_text("anything")
    assert len(fingerprint(tmp_path / "text.ckpt")) == 16


def test_the_files_of_each_method_and_command():
    part = {"features": "f.h5", "held_out": None}
    benchmarks = {"mine": {"annotations": "a.h5", "features": ["b.h5"]}}
    config = {"data": part, "labelled": {**part, "held_out": "h.h5"}, "benchmarks": benchmarks, "init": "i.ckpt",
              "ckpt": "last", "splits": "s.json"}  # fmt: skip
    of_benchmarks = {"benchmarks.mine.annotations": "a.h5", "benchmarks.mine.features": ["b.h5"]}
    init = {"init": "i.ckpt"}
    wanted = {
        "pretraining": {"data.features": "f.h5", **of_benchmarks, **init},
        "recognition": {"labelled.features": "f.h5", "labelled.held_out": "h.h5", **init},
        "dr_dsn": {**of_benchmarks, **init, "splits": "s.json"},
        "evaluation": {**of_benchmarks, **init},
    }
    for name, files in wanted.items():
        assert decisive_files({**config, "method": method_defaults(name)}) == files
    assert decisive_files({"benchmarks": benchmarks, "ckpt": "c.ckpt"}) == {**of_benchmarks, "ckpt": "c.ckpt"}
    evaluation = {"benchmarks": benchmarks, "scores": "s.h5", "annotations": "mine.h5", "splits": "none"}
    assert decisive_files(evaluation).keys() >= {"scores", "annotations"}
    assert fingerprints(evaluation) == {}


def test_another_seed_of_the_demo_is_other_data(tmp_path):
    for seed in (0, 0, 1):
        make_demo(tmp_path / str(seed), seed)
    first, other = ([fingerprint(path) for path in sorted((tmp_path / seed).iterdir())] for seed in ("0", "1"))
    assert all(one is not None and one != two for one, two in zip(first, other, strict=True))


def test_the_code_of_a_method_of_ones_own_is_part_of_what_decides(tmp_path, monkeypatch):
    """No version of this package stands for it, so a run by another version of it is another run."""
    monkeypatch.setenv("MAESUM_METHODS", str(tmp_path))
    (tmp_path / "mine.yaml").write_text("name: mine\nreads: nothing\n")
    code = tmp_path / "mine.py"
    code.write_text("RATE = 1\n")
    config = {"method": {"name": "mine", "reads": "nothing"}, "benchmarks": {}}
    first = fingerprints(config)
    code.write_text("RATE = 2\n")
    assert first.keys() == {"method.code"}
    assert fingerprints(config)["method.code"] != first["method.code"]
    assert "method.code" not in decisive_files({**config, "method": {"name": "dr_dsn", "reads": "videos"}})

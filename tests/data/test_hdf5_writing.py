"""A disk that is full while HDF5 is written: one sentence, nothing left, and the process lives on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maesum.data import FeatureStore, VideoAnnotation, write_benchmark, write_features
from maesum.data.hdf5_writing import check_space, create_hdf5
from maesum.system.errors import MaesumError

#: Writes each format again and again under a limit on the size of files, which the system treats as a full disk.
_SCRIPT = """
import os, resource, sys
import numpy as np
from maesum.data.benchmark import VideoAnnotation, write_benchmark
from maesum.data.features import write_features
from maesum.data.scores import write_scores
from maesum.system.errors import MaesumError

ids, rng, out = [f"v{i}" for i in range(60)], np.random.default_rng(0), sys.argv[1]
videos = [VideoAnnotation(i, rng.random((5, 300)), 5.0, i, np.array([[0, 299]])) for i in ids]
writers = {
    "features": lambda: write_features(out, ids, [100] * 60, (rng.random((100, 64)) for _ in ids)),
    "scores": lambda: write_scores(out, {i: rng.random(2000) for i in ids}, {}),
    "benchmark": lambda: write_benchmark(out, "a", "ratings", videos, "x"),
}
highest = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for name, write in writers.items():
    for limit in (0, 700, 3_000, 40_000, 300_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, highest))
        try:
            write()
            print(name, limit, "written")
        except MaesumError as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (highest, highest))
            print(str(error))
        assert os.listdir(os.path.dirname(out)) == [], os.listdir(os.path.dirname(out))
    resource.setrlimit(resource.RLIMIT_FSIZE, (highest, highest))
    write()
    os.unlink(out)
"""


def test_a_full_disk_is_one_sentence_in_every_format(tmp_path: Path) -> None:
    out = tmp_path / "out" / "file.h5"
    out.parent.mkdir()
    command = [sys.executable, "-c", _SCRIPT, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{out}: writing failed (File too large); nothing was kept."] * 15


def test_what_the_disk_has_no_room_for_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[int] = []

    def videos() -> object:
        for number in range(3):
            computed.append(number)
            yield np.zeros((1000, 8))

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=40_000))
    with pytest.raises(
        MaesumError, match=r"f\.h5: takes 0\.0 MB, but .* has 0\.0 MB free; free some, or choose another"
    ):
        write_features(tmp_path / "f.h5", ["a", "b", "c"], [1000] * 3, videos())
    assert computed == [0]
    assert list(tmp_path.iterdir()) == []
    check_space(tmp_path / "f.h5", 40_000)


def test_features_are_contiguous_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    videos = [rng.random((70_000, 4)).astype(np.float32), rng.random((40, 4)).astype(np.float32)]
    for name in ("one.h5", "two.h5"):
        write_features(tmp_path / name, ["a", "b"], [70_000, 40], videos, dtype="float32")
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    store = FeatureStore(tmp_path / "one.h5")
    np.testing.assert_array_equal(store.gather(np.arange(70_040)), np.concatenate(videos))


def test_a_mistake_in_the_block_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), create_hdf5(tmp_path / "f.h5", "maesum-features", 1):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_not_written_over(tmp_path: Path) -> None:
    """A mistyped `out=` would lose it."""
    annotations, published, features = (tmp_path / name for name in ("annotations.h5", "published.mat", "features.h5"))
    write_benchmark(
        annotations, "a", "ratings", [VideoAnnotation("v", np.ones((2, 40)), 5.0, "v", np.array([[0, 39]]))], "x"
    )
    published.write_bytes(b"somebody's")
    array = np.ones((40, 3))
    for path in (annotations, published):
        held = path.read_bytes()
        with pytest.raises(MaesumError, match=r"exists already and is .*name another out="):
            write_features(path, ["v"], [40], [array])
        assert path.read_bytes() == held
    write_features(features, ["v"], [40], [array], sources=["{}"])
    with pytest.raises(MaesumError, match=r"holds features that python -m maesum\.extract made"):
        write_features(features, ["v"], [40], [array])
    for damaged in (b"", b"\x89HDF\r\n\x1a\n cut"):
        features.write_bytes(damaged)
        write_features(features, ["v"], [40], [array])
    write_features(features, ["w"], [40], [array])  # its own kind is replaced
    assert FeatureStore(features).video_ids == ["w"]

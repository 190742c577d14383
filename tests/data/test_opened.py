"""A benchmark's files: opened together, checked once, and once a run."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from maesum.config.scoring import BenchmarkConfig
from maesum.data import Benchmark, FeatureStore, VideoAnnotation, write_benchmark, write_features
from maesum.data.opened import open_benchmarks
from maesum.system.errors import MaesumError
from tests.commands import SECONDS, maesum_here


@pytest.fixture
def files(tmp_path: Path) -> BenchmarkConfig:
    write_features(tmp_path / "f.h5", ["a"], [40], [np.ones((40, 4))], fps=[30.0])
    write_benchmark(tmp_path / "a.h5", "mine", "ratings", [VideoAnnotation("a", np.ones((2, 40)), 25.0, "a")], "a test")
    return BenchmarkConfig(str(tmp_path / "a.h5"), features=str(tmp_path / "f.h5"), stride=3)


def test_what_is_opened_is_checked(files: BenchmarkConfig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (found,) = open_benchmarks({"x": files})
    assert (found.name, found.stride, found.annotations.name, found.features.dim) == ("x", 3, "mine", 4)
    assert len(caplog.records) == 1  # on the rates, once
    assert open_benchmarks({"x": files}, stride=5)[0].stride == 5
    assert open_benchmarks({"x": files}, feature_dim=4)
    with pytest.raises(MaesumError, match="features are 4 wide, but the checkpoint was trained on 8"):
        open_benchmarks({"x": files}, feature_dim=8)
    write_features(files.features, ["a"], [39], [np.ones((39, 4))])
    with pytest.raises(MaesumError, match="has 39 feature rows"):
        open_benchmarks({"x": files})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file is opened as a benchmark or as features."""
    count = Counter[str]()

    def counting(kind: type) -> None:
        usual = kind.__init__  # type: ignore[misc]

        def noted(self: object, path: object) -> None:
            count[Path(str(path)).name] += 1
            usual(self, path)

        monkeypatch.setattr(kind, "__init__", noted)

    counting(Benchmark)
    counting(FeatureStore)
    return count


def test_every_file_is_opened_once_a_run(opened: Counter[str], tmp_path: Path, cache: Path) -> None:
    options = [*SECONDS, "figures=true", "evaluator.every_n_epochs=1", "hydra.run.dir=run"]
    done = maesum_here("train", "+experiment=rand_stride", *options, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    once = {"annotations.h5": 1, "benchmark.h5": 1}
    assert opened == once | {"pretraining.h5": 1, "held_out.h5": 1}
    opened.clear()
    given = ["ckpt=run/checkpoints/last.ckpt", "benchmark=demo", "out=out"]
    assert maesum_here("predict", *given, folder=tmp_path, cache=cache).returncode == 0
    assert opened == once
    opened.clear()
    small = ["figures=false", "method.hidden=4", "hydra.run.dir=splits"]
    done = maesum_here("train", "+experiment=dr_dsn", *SECONDS, *small, folder=tmp_path, cache=cache)
    assert done.returncode == 0, done.stderr
    assert opened == once

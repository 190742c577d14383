"""Shared by all tests: small files in the project's formats, and where the real data lies."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

# Before torch is imported: the suite runs several processes on few cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HYDRA_FULL_ERROR", "1")

import numpy as np
import pytest

import maesum  # noqa: F401 - before anything imports Lightning: it makes torchvision importable beside CPU torch

if TYPE_CHECKING:
    from maesum.data.benchmark import Benchmark
    from maesum.data.scores import Scores

# A shell starts what it puts in the background with Ctrl-C ignored, and every process of a test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with slow tests first: several processes then end together, whatever they are given."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data; tests that need it are skipped without it."""
    folder = Path(os.environ.get("MAESUM_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set MAESUM_SHARED")
    return folder


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic demo set."""
    from maesum.data.demo import make_demo

    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder)
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands find a demo set: as many clips to train on as users get, but a tenth of the frames to score."""
    from maesum.data import demo

    folder = tmp_path_factory.mktemp("cache")
    with mock.patch.multiple(demo, BENCHMARK_VIDEOS=5, RATED_FRAMES=12):
        demo.make_demo(folder / "demo")
    return folder


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The folder of a finished run of a tiny model on the demo data."""
    from tests.commands import SECONDS, maesum_here

    folder = tmp_path_factory.mktemp("small")
    done = maesum_here(
        "train", "+experiment=rand_stride", *SECONDS, "figures=false", "hydra.run.dir=run", folder=folder, cache=cache
    )
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture
def make_features(tmp_path: Path) -> Callable[..., Path]:
    """Write a small features file of random walks: make_features("name.h5", lengths=[40, 50], dim=8)."""
    from maesum.data.features import write_features

    def make(
        name: str = "features.h5", lengths: tuple[int, ...] = (40, 90, 31), dim: int = 8, **kwargs: object
    ) -> Path:
        rng = np.random.default_rng(len(lengths) + dim)
        prefix = Path(name).stem
        videos = [rng.normal(size=(length, dim)).cumsum(0) / 4 for length in lengths]
        video_ids = kwargs.pop("video_ids", None) or [f"{prefix}_{i}" for i in range(len(lengths))]
        write_features(tmp_path / name, video_ids, lengths, videos, **kwargs)
        return tmp_path / name

    return make


@pytest.fixture
def make_benchmark(tmp_path: Path) -> Callable[..., Benchmark]:
    """Write and open a benchmark of four short videos: make_benchmark("events", name="mine")."""
    from tests.evaluation.tiny import tiny_benchmark

    return functools.partial(tiny_benchmark, tmp_path)


@pytest.fixture
def make_scores(tmp_path: Path) -> Callable[..., Scores]:
    """Write and open scores of these: make_scores("name", step=15, change={"video_1": array or None}, quality=1.0)."""
    from tests.evaluation.tiny import tiny_scores

    return functools.partial(tiny_scores, tmp_path)

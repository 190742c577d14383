"""What the reliability tests share: one small finished run and the demo data it read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import SECONDS, maesum_here


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo data is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The folder of a finished run of a tiny model."""
    folder = tmp_path_factory.mktemp("small")
    done = maesum_here(
        "train", "+experiment=rand_stride", *SECONDS, "figures=false", "hydra.run.dir=run", folder=folder, cache=cache
    )
    assert done.returncode == 0, done.stderr
    return folder / "run"

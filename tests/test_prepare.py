"""The command, as a user runs it: what it writes and says, and that a mistake costs one line and leaves no file."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.config.checking import checked
from maesum.config.training import TrainConfig
from maesum.data.sources import source_schemas
from maesum.runs.inputs import check_training
from tests.commands import maesum_here, user_error


def prepare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "maesum.prepare", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    folder = tmp_path / "arrays"
    folder.mkdir()
    for number in range(3):
        np.save(folder / f"v{number}.npy", np.random.default_rng(number).random((30 + number, 4)))
    return folder


def test_writes_features_and_says_with_what_to_train(
    tmp_path: Path, arrays: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(arrays / "tiny.npy", np.ones((3, 4)))
    result = prepare(tmp_path, "source=npy", f"input={arrays}", "out=data/f.h5", "source.short=drop", "source.fps=5")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "dropped 1 video(s) with fewer than 30 frames: tiny (3)" in result.stdout
    assert "data/f.h5: features of 3 videos, 93 frames x 4 float16" in result.stdout
    _, _, module, *overrides = shlex.split(result.stdout.split("train on them with: ")[1])
    assert (module, overrides[1]) == ("maesum.train", "data.features=data/f.h5")
    monkeypatch.chdir(tmp_path)
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", [*overrides, "logger=[]"])
        check_training(checked(config, TrainConfig))  # loggers need Hydra's folder
    with h5py.File(tmp_path / "data" / "f.h5") as file:
        assert file["features"].shape == (93, 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrays", "data"]  # no logs, no hydra folder


def test_writes_a_benchmark_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "gym.txt").write_text("a_E_000001_000002_A_0000_0001 3\n")
    (tmp_path / "ids.txt").write_text("a\n")
    (tmp_path / "videos.csv").write_text("video_id,fps,n_frames\na,25,100\n")
    options = ("source.ids=ids.txt", "source.videos=videos.csv")
    result = prepare(tmp_path, "source=finegym", "input=gym.txt", "out=b.h5", *options)
    assert result.returncode == 0, result.stderr
    assert "b.h5: benchmark finegym (events) of 1 videos, 100 frames, 1 user(s) per video" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["source=npy", "input=arrays"], "out= must be given"),
        (["source=finegym", "out=out/b.h5"], "input=, source.ids=, source.videos= must be given"),
        (["source=npy", "input=absent", "out=out/f.h5"], "absent: no such folder"),
        (["source=npy", "input=arrays", "out=out/f.h5", "source.dtpye=float32"], "did you mean 'dtype'"),
        (["source=npy", "input=arrays", "out=out/f.h5", "source.fps=fast"], "'fast'"),
        (["source=npy", "input=arrays", "out=out/f.h5", "source.short=cut"], "expected one of [error, drop, pad]"),
        (["source=npy", "input=arrays", "out=out/f.h5", "source.min_frames=40"], "fewer than 40 frames"),
        (["source=nyp", "input=arrays", "out=out/f.h5"], "there is no source=nyp; did you mean 'npy'"),
        (["source=tvsum", "input=absent.mat", "out=out/f.h5"], "absent.mat: no such file"),
        (["source=summe", "input=arrays", "out=out/f.h5"], "holds 0 .mat files"),
        (["source=eccv16", "input=bad.h5", "out=out"], "bad.h5: not a readable HDF5 file"),
        (["input=arrays", "out=out/f.h5"], "source"),
    ],
)
def test_a_mistake_costs_one_line(tmp_path: Path, arrays: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "bad.h5").write_text("not HDF5")
    assert message in user_error(maesum_here("prepare", *arguments, folder=tmp_path))
    assert not (tmp_path / "out").exists()


def test_nan_leaves_no_file(tmp_path: Path, arrays: Path) -> None:
    np.save(arrays / "v9.npy", np.full((30, 4), np.nan))
    result = prepare(tmp_path, "source=npy", f"input={arrays}", "out=out/f.h5")
    assert result.returncode == 2
    assert f"{arrays / 'v9.npy'}: frame 0, channel 0 is nan" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("source", source_schemas())
def test_every_source_composes_and_is_typed(source: str) -> None:
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("prepare", [f"source={source}", "input=a", "out=b"])
        assert config.source.out == "b"
        assert "input" not in config.source or config.source.input == "a"
        with pytest.raises(HydraException):
            compose("prepare", [f"source={source}", "source.no_such_option=1"])


def test_every_source_file_has_a_schema() -> None:
    assert {path.stem for path in (CONF_DIR / "source").glob("*.yaml")} == set(source_schemas())


def test_starts_without_torch() -> None:
    code = "import maesum.prepare, maesum.config.sources, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Hydra multirun with each launcher: isolated jobs, several ranks in each, a W&B run of its own for each."""

from __future__ import annotations

import importlib.util
import json

import pytest
import yaml

from tests.commands import SECONDS, maesum

LAUNCHERS = {"basic": None, "joblib": "hydra_plugins.hydra_joblib_launcher", "submitit_local": "hydra_plugins.hydra_submitit_launcher"}  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_jobs_of_a_multirun_are_isolated(launcher, cache, tmp_path):
    plugin = LAUNCHERS[launcher]
    if plugin is not None and (importlib.util.find_spec("hydra_plugins") is None or importlib.util.find_spec(plugin) is None):  # fmt: skip
        pytest.skip(f"{plugin} is not installed")
    done = maesum(
        "train", "-m", "+experiment=rand_stride", *SECONDS, "mask_ratio=0.1,0.3", f"hydra/launcher={launcher}",
        "trainer.devices=2", "trainer.strategy=ddp", "logger=[csv,wandb]", "figures=false",
        "evaluator.every_n_epochs=1", "hydra.sweep.dir=jobs", folder=tmp_path, cache=cache,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    hashes = set()
    for number, ratio in enumerate((0.1, 0.3)):
        folder = tmp_path / "jobs" / str(number)
        config = yaml.safe_load((folder / "config.yaml").read_text())
        origin = json.loads((folder / "provenance.json").read_text())
        assert config["mask_ratio"] == ratio
        assert config["group"] == "jobs"
        assert origin["device"]["processes"] == 2
        assert len(list(folder.glob("wandb/offline-run-*"))) == 1
        assert {"demo/tau", "monitor/demo/tau"} <= set(json.loads((folder / "metrics.json").read_text()))
        hashes.add(origin["config_hash"])
    assert len(hashes) == 2


@pytest.mark.slow
def test_a_failed_job_does_not_stop_the_others_and_is_named(cache, tmp_path):
    done = maesum(
        "train", "-m", "+experiment=rand_stride", *SECONDS, "mask_ratio=1.0,0.5", "figures=false",
        "hydra.sweep.dir=jobs", folder=tmp_path, cache=cache,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "mask_ratio is 1.0" in done.stderr
    assert "error: job 0 (+experiment=rand_stride" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert (tmp_path / "jobs" / "1" / "metrics.json").exists()

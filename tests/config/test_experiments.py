"""Every experiment and sweep composes, at the paper's scale and at demo scale, and every experiment runs."""

from __future__ import annotations

import json
import math

import pytest
from hydra import compose, initialize_config_dir

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.sweeps.jobs import JobMaker
from maesum.sweeps.tables import read_tables
from tests.commands import SECONDS, maesum_here, user_error

EXPERIMENTS = sorted(path.stem for path in (CONF_DIR / "experiment").glob("*.yaml"))
SWEEPS = sorted(path.stem for path in (CONF_DIR / "sweep").glob("*.yaml"))
#: Takes weights to start from.
FROM_WEIGHTS = ("action_recognition", "cross_dataset", "finetune_tvsum", "linear_probe")
#: Of methods on whole videos, whose steps take the longer the more frames they keep.
SCALES = ([], ["+scale=demo"])


@pytest.fixture
def hydra():
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield


def test_every_table_of_the_paper_has_its_sweep():
    assert (
        sorted(
            [
                "table1a",
                "table1b",
                "table1c",
                "table1d",
                "table1e",
                "table2a",
                "table2b",
                "table3",
                "a1",
                "a2",
                "a3",
                "a4",
            ]
        )
        == SWEEPS
    )


@pytest.mark.parametrize("scale", SCALES, ids=["paper", "demo"])
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_composes(hydra, experiment, scale):
    config = compose("train", [f"+experiment={experiment}", *scale])
    assert config.name == experiment
    if scale:
        assert list(config.benchmarks) == ["demo"]
        assert config.model.encoder_dim == 96


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_opens_with_section_command_and_published_result(experiment):
    package, *lines = (CONF_DIR / "experiment" / f"{experiment}.yaml").read_text().splitlines()
    header = "\n".join(line for line in lines if line.startswith("#"))
    assert package == "# @package _global_"
    assert f"python -m maesum.train +experiment={experiment}" in header
    assert ("Published" in header and ("ection" in header or "Table" in header)) or "Not in the paper" in header


@pytest.mark.parametrize("scale", SCALES, ids=["paper", "demo"])
def test_every_sweep_composes_with_all_its_jobs(hydra, scale):
    overrides = [f"sweep=[{','.join(SWEEPS)}]", *scale]
    config = compose("sweep", overrides)
    tables = read_tables(config.sweeps)
    maker = JobMaker("runs/jobs", scale, list(config.demo))
    jobs = {name: maker.jobs_of(name, table) for name, table in tables.items()}
    assert set(jobs) == set(SWEEPS)
    # One training of the default recipe serves all tables that show it.
    shared = [("table1b", "rand_8"), ("table1c", "ratio_50"), ("table1d", "googlenet_base"), ("table1e", "epochs_200")]
    shared += [("table2a", "pretrained"), ("table3", "ours"), ("a2", "ratio_50"), ("a3", "mk200"), ("a4", "ours")]
    assert len({jobs[table][job].hash for table, job in shared}) == 1
    assert jobs["table2b"]["tvsum_400k"].hash == jobs["a1"]["tvsum_400k"].hash == jobs["a3"]["tvsum_400k"].hash
    # Test strides train nothing: two trainings and six scorings.
    assert sorted(job.command for job in jobs["table1a"].values()) == ["predict"] * 6 + ["train"] * 2
    rows = [job.config for job in jobs["table1c"].values()]
    assert [config["mask_ratio"] for config in rows] == [0.1, 0.3, 0.5, 0.7, 0.9]
    assert len({job.hash for job in jobs["table1c"].values()}) == 5
    if scale:
        assert all(set(job.config["benchmarks"]) == {"demo"} for each in jobs.values() for job in each.values())


def test_the_papers_scale_keeps_the_papers_numbers(hydra):
    config = compose("train", ["+experiment=action_recognition", "init=x.ckpt"])
    assert (config.optim.base_lr, config.optim.scale_lr, list(config.optim.betas)) == (1e-3, False, [0.9, 0.999])
    assert (config.epochs, config.warmup_epochs, config.labelled.test_clips) == (100, 5, 4)
    config = compose("train", ["+experiment=finetune_tvsum", "init=x.ckpt"])
    assert (config.epochs, config.warmup_epochs, config.data.clips_per_video, config.stride) == (100, 5, 10, [1, 8])
    for name, samples in (("tvsum", 400_000), ("summe", 100_000), ("finegym", 600_000)):
        config = compose("train", [f"+experiment=ssl_{name}"])
        videos = 25 if name == "summe" else 50
        assert config.epochs * videos * config.data.clips_per_video == samples
        assert config.warmup_epochs == 40


@pytest.fixture(scope="module")
def weights(tmp_path_factory, cache):
    folder = tmp_path_factory.mktemp("weights")
    done = maesum_here(
        "train", "+experiment=rand_stride", *SECONDS, "figures=false", "hydra.run.dir=run", folder=folder, cache=cache
    )
    assert done.returncode == 0, done.stderr
    return folder / "run" / "checkpoints" / "last.ckpt"


@pytest.mark.parametrize("experiment", FROM_WEIGHTS)
def test_an_experiment_that_builds_on_weights_does_not_start_without_them(experiment, tmp_path):
    done = maesum_here("train", f"+experiment={experiment}", "+scale=demo", folder=tmp_path)
    assert "init=CHECKPOINT: no such checkpoint file; name one" in user_error(done)
    assert not (tmp_path / ".cache").exists()


#: Settings of methods that take long.
SMALLER = {
    **{name: ["method.hidden=8", "method.every=150"] for name in EXPERIMENTS if name.startswith(("sum_gan", "csnet"))},
    "dr_dsn": ["method.hidden=8"],
    "dpp_lstm": ["method.hidden=8", "method.kernel=8"],
    "rs_sum": ["method.width=16", "method.passes=2"],
}


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_runs_at_demo_scale(experiment, weights, cache, tmp_path):
    extra = [f"init={weights}"] if experiment in FROM_WEIGHTS else []
    small = SMALLER.get(experiment, [])
    done = maesum_here(
        "train", f"+experiment={experiment}", *SECONDS, *extra, "figures=false", *small,
        "evaluator.every_n_epochs=2", "scoring.every=10", "hydra.run.dir=run", folder=tmp_path, cache=cache,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    measured = ("recognition/top1", "recognition/top5") if experiment in ("action_recognition", "linear_probe") else ("demo/tau", "demo/rho")  # fmt: skip
    assert all(math.isfinite(metrics[key]) for key in measured)
    origin = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert origin["config_hash"] and origin["seconds"] > 0 and origin["device"]["type"] == "cpu"  # noqa: PT018
    assert origin["samples_seen"] > 0 or experiment in ("cross_dataset", "ctvsum")  # which train nothing
    assert (tmp_path / "run" / "config.yaml").read_text().startswith("name: ")

"""Jobs of a table: each is held to the rules of its command before any is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import initialize_config_dir

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.sweeps.composing import key_of
from maesum.sweeps.jobs import JobMaker
from maesum.sweeps.tables import JobSpec, TableSpec
from maesum.system.errors import MaesumError


@pytest.fixture(scope="module", autouse=True)
def hydra():
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (JobSpec(train=["stride=[8,1]"]), r"stride is \[8, 1\]"),
        (JobSpec(train=["epochs=3"]), "warmup_epochs is 40, wanted fewer than epochs = 3"),
        (JobSpec(train=["mask_ratio=0.01"]), "mask_ratio is 0.01"),
        (JobSpec(train=["scoring.target_position=30"]), "scoring.target_position is 30"),
        (JobSpec(train=["model.encoder_heads=7"]), "model.encoder_dim is 768, wanted a multiple of"),
        (JobSpec(train=["method=dr_dsn", "trainer=demo"]), "one benchmark, but 3 are named .tvsum, summe, finegym."),
        (JobSpec(train=["+experiment=dr_dsn", "benchmark=[tvsum]", "trainer.devices=2"]), "set trainer.devices=1"),
        (JobSpec(train=["method=evaluation"]), "init= is required for method=evaluation"),
        (JobSpec(train=["method.reads=books"]), "method.reads is 'books', wanted one of clips"),
        (JobSpec(train=["data=features"]), "data.features= is required and was not given"),
        (JobSpec(train=["loss=huber"]), "loss is 'huber', wanted one of mse, cosine"),
        (JobSpec(predict=["stride=2"]), "ckpt= is required"),
        (JobSpec(predict=["ckpt=x.ckpt", "scorer=uniform"]), "scorer=uniform takes no checkpoint"),
        (JobSpec(evaluate=["f1=true"]), "scores= is required and was not given"),
    ],
)
def test_a_job_that_its_command_would_refuse_is_refused_by_its_name(
    spec: JobSpec, message: str, tmp_path: Path
) -> None:
    jobs = {"good": JobSpec(train=["+experiment=rand_stride"]), "bad": spec}
    with pytest.raises(MaesumError, match=rf"^job mine/bad of the sweep cannot run: .*{message}"):
        JobMaker(tmp_path / "runs", [], []).jobs_of("mine", TableSpec(jobs=jobs))
    assert not list(tmp_path.iterdir())


LOSSES: dict[str, list[str]] = {"usual": [], "mse": ["loss=mse"], "cosine": ["loss=cosine"]}


def test_a_sweep_varies_the_loss(tmp_path: Path) -> None:
    specs = {name: JobSpec(train=["+experiment=rand_stride", *own]) for name, own in LOSSES.items()}
    jobs = JobMaker(tmp_path / "runs", [], []).jobs_of("mine", TableSpec(jobs=specs))
    assert jobs["usual"].hash == jobs["mse"].hash != jobs["cosine"].hash
    assert [jobs[name].config["loss"] for name in LOSSES] == ["mse", "mse", "cosine"]


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("a.b=1", "a.b"),
        ("++a='x=y'", "a"),
        ("~a", "a"),
        ("~a=1", "a"),
        ("+data=demo", "data"),
        ("+data@held_out=demo", "data@held_out"),
    ],
)
def test_the_key_of_an_override_is_what_hydra_reads(override: str, key: str) -> None:
    assert key_of(override) == key

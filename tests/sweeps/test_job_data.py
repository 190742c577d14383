"""A job is one of its data: other data, another folder; the demo's, which are made when needed, from the first call on."""

from __future__ import annotations

import json
import shutil

import pytest
from hydra import initialize_config_dir

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.data.demo import FILES, make_demo
from maesum.sweeps.jobs import JobMaker
from maesum.sweeps.tables import JobSpec, TableSpec

TABLE = TableSpec(
    jobs={
        "train": JobSpec(train=["+experiment=rand_stride"]),
        "predict": JobSpec(predict=["stride=4"], of="train"),
        "evaluate": JobSpec(evaluate=["f1=true"], of="train"),
    }
)


@pytest.fixture(autouse=True)
def hydra():
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield


@pytest.fixture
def jobs(tmp_path):
    """The jobs of a table at demo scale, whose data lie in the folder that is named."""

    def jobs(demo="demo", makes_demo=False):
        given = ["+scale=demo", f"demo_dir='{tmp_path / demo}'"]
        return JobMaker(tmp_path / "runs", given, [], makes_demo).jobs_of("t", TABLE)

    return jobs


def finish(job, **changed):
    """Leave what a finished run leaves."""
    origin = {"config_hash": job.hash, "data": job.data, **changed}
    job.folder.mkdir(parents=True)
    content = {"provenance": origin} if job.command == "evaluate" else {"demo/tau": 0.1}
    (job.folder / "metrics.json").write_text(json.dumps(content))
    (job.folder / "provenance.json").write_text(json.dumps(origin))


def folders(jobs):
    return {name: job.folder.name for name, job in jobs.items()}


def test_other_data_make_other_jobs_and_equal_data_elsewhere_the_same(jobs, tmp_path):
    make_demo(tmp_path / "demo")
    first = jobs()
    for job in first.values():
        finish(job)
        assert job.is_done()
    shutil.move(tmp_path / "demo", tmp_path / "elsewhere")
    moved = jobs("elsewhere")
    assert folders(moved) == folders(first)
    assert all(job.is_done() for job in moved.values())
    make_demo(tmp_path / "demo", seed=1)
    other = jobs()
    assert not set(folders(other).values()) & set(folders(first).values())
    assert not any(job.is_done() for job in other.values())
    assert other["train"].hash == first["train"].hash  # the settings are the same


def test_the_demo_is_made_before_the_first_call_names_its_jobs(jobs, tmp_path):
    planned = jobs()
    assert not (tmp_path / "demo").exists()  # a plan makes nothing
    assert all(job.folder.name.endswith("-without-data") for job in planned.values())
    first, second = jobs(makes_demo=True), jobs(makes_demo=True)
    assert all((tmp_path / "demo" / name).exists() for name in FILES)
    assert folders(first) == folders(second)
    assert not any(name.endswith("-without-data") for name in folders(first).values())


def test_a_result_whose_record_tells_other_data_is_not_this_jobs(jobs, tmp_path):
    make_demo(tmp_path / "demo")
    job = jobs()["train"]
    finish(job, data={**job.data, "data.features": "0" * 16})
    assert not job.is_done()
    (job.folder / "provenance.json").write_text(json.dumps({"config_hash": job.hash}))
    assert not job.is_done()
    (job.folder / "provenance.json").write_text("[]")
    assert not job.is_done()


def test_a_machine_without_the_data_finds_the_results_where_there_is_one(jobs, tmp_path):
    make_demo(tmp_path / "demo")
    first = jobs()
    for job in first.values():
        finish(job)
    shutil.rmtree(tmp_path / "demo")
    assert folders(jobs()) == folders(first)
    assert all(job.is_done() for job in jobs().values())
    make_demo(tmp_path / "demo", seed=1)
    finish(jobs()["train"])
    shutil.rmtree(tmp_path / "demo")
    assert not jobs()["train"].is_done()  # of two, nobody can tell which is meant


def test_a_checkpoint_named_by_the_user_is_known_by_its_content(tmp_path):
    def job():
        given = [f"init='{tmp_path / 'a.ckpt'}'"]
        return JobMaker(tmp_path / "runs", given, []).jobs_of("t", TableSpec(jobs={"a": TABLE.jobs["train"]}))["a"]

    (tmp_path / "a.ckpt").write_text("one")
    one = job().data["init"]
    (tmp_path / "a.ckpt").write_text("other")
    assert job().data["init"] != one

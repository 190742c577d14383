"""What sweep files may say, jobs made of it, and what they cost."""

from __future__ import annotations

import pytest
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.sweeps.cost import cost_of
from maesum.sweeps.jobs import JobMaker
from maesum.sweeps.tables import JobSpec, read_tables
from maesum.system.errors import MaesumError
from tests.commands import maesum_here, user_error

JOBS = {"ours": {"train": ["+experiment=rand_stride"]}}
ROW = {"setting": {"a": 1}, "of": ["ours"], "published": [0.1]}


def tables(jobs=JOBS, row=ROW, **fields):
    content = {"title": "t", "metrics": ["tvsum/tau"], "jobs": jobs, "rows": [row], **fields}
    return read_tables(OmegaConf.create({"mine": content}))


WRONG = {
    "an unknown field": (dict(titel="x"), "sweep mine: Key 'titel' not in"),
    "a row of no job": (dict(row={**ROW, "of": ["theirs"]}), "row 1 is of 'theirs', wanted one of ours"),
    "figures that do not fit": (dict(row={**ROW, "published": [0.1, 0.2]}), "row 1 has 1 metrics and 2 published"),
    "an unknown reading": (dict(row={**ROW, "read": "best"}), "row 1 reads 'best', wanted one of scores"),
    "two commands": (dict(jobs={"ours": {"train": [], "predict": []}}), "job 'ours' has not exactly one of train"),
    "a job of a later one": (dict(jobs={"ours": {"predict": [], "of": "b"}, "b": {"train": []}}), "'ours' is of 'b', wanted a job listed before"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_sweep_file_is_one_sentence(case):
    change, message = WRONG[case]
    with pytest.raises(MaesumError, match=r"^sweep mine: ") as caught:
        tables(**change)
    assert message in str(caught.value)


def test_no_table_is_one_sentence(tmp_path):
    done = maesum_here("sweep", folder=tmp_path)
    assert "no table was named" in user_error(done)
    assert "table9" in maesum_here("report", "sweep=table9", folder=tmp_path).stderr


@pytest.fixture
def hydra():
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield


def test_settings_of_the_sweep_hold_for_every_job_that_knows_them(hydra):
    specs = {
        "a": JobSpec(train=["+experiment=rand_stride", "epochs=3", "warmup_epochs=1"]),
        "b": JobSpec(predict=["stride=4"], of="a"),
        "c": JobSpec(evaluate=["f1=true"], of="a", benchmark=["tvsum", "summe"]),
    }
    maker = JobMaker("runs", ["seed=7", "epochs=5", "trainer=gpu", "scoring.batch_size=9"], [])
    table = tables()["mine"]
    table.jobs = specs
    jobs = maker.jobs_of("mine", table)
    assert (jobs["a"].config["seed"], jobs["a"].config["epochs"]) == (7, 5)
    assert jobs["a"].config["trainer"]["accelerator"] == "gpu"
    assert (jobs["b"].config["seed"], jobs["b"].config["scoring"]["batch_size"]) == (7, 9)
    assert f"ckpt={jobs['a'].folder}/checkpoints/last.ckpt" in jobs["b"].overrides
    assert f"scores={jobs['a'].folder}/scores" in jobs["c"].overrides
    assert list(jobs["c"].config["benchmarks"]) == ["tvsum", "summe"]
    assert jobs["b"].needs == jobs["c"].needs == (jobs["a"],)
    other = JobMaker("runs", ["seed=8"], []).jobs_of("mine", table)
    assert all(other[name].hash != jobs[name].hash for name in jobs)


def test_what_only_shows_results_makes_no_other_job(hydra):
    table = tables()["mine"]
    plain = JobMaker("runs", [], []).jobs_of("mine", table)["ours"]
    shown = JobMaker("runs", ["logger=[csv,wandb]", "figures=false", "name=x", "tags=[a]"], []).jobs_of("mine", table)
    assert shown["ours"].hash == plain.hash


def test_cost_counts_clips_windows_and_operations(hydra):
    job = JobMaker("runs", [], []).jobs_of("mine", tables()["mine"])["ours"]
    cost = cost_of(job)
    assert cost.clips == 77_157 * 200
    assert cost.windows == 50 * 7_047 + 25 * 4_393 + 50 * 231_603
    encoder, decoder = 12 * 12 * 768**2, 4 * 12 * 384**2
    expected = 6 * cost.clips * (15 * encoder + 30 * decoder) + 2 * cost.windows * (29 * encoder + 30 * decoder)
    assert cost.operations == pytest.approx(expected)


def test_the_plan_says_what_a_table_needs_and_runs_nothing(tmp_path):
    done = maesum_here("sweep", "sweep=[table1b,table1c]", "plan=true", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "5 jobs, 1 shared with a table above, 4 to run: 61.7 million clips" in done.stdout
    assert "needs features of Mini-Kinetics-200" in done.stdout
    assert not list(tmp_path.iterdir())

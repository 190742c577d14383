"""What makes two runs the same job: the hash of the settings that decide results, and of no others."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path

import pytest
from hydra import initialize_config_dir

from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.config.scoring import BenchmarkConfig
from maesum.runs import identity as recipe
from maesum.runs import method_settings
from maesum.runs.identity import config_hash, decisive_settings, defaults, flat, identity
from maesum.sweeps.composing import compose_config
from maesum.sweeps.jobs import JobMaker
from maesum.sweeps.tables import JobSpec, TableSpec


@pytest.fixture(scope="module", autouse=True)
def hydra():
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        yield


@functools.cache
def hash_of(command: str, *overrides: str) -> str:
    return config_hash(command, compose_config(command, overrides))


SAME = {
    "train": [
        "data_dir=/elsewhere/data", "demo_dir=/elsewhere/demo", "trainer.accelerator=cpu", "trainer.devices=[0,1]",
        "trainer.num_nodes=2", "trainer.strategy=ddp", "trainer.accumulate_grad_batches=4", "trainer.deterministic=false",
        "data.workers=0", "scoring.batch_size=7", "evaluator.every_n_epochs=0", "checkpoint_every_n_steps=5",
        "trainer.log_every_n_steps=1", "trainer.enable_progress_bar=false", "trainer.enable_model_summary=true",
        "data.made_by=magic", "benchmarks.summe.features_made_by=magic", "labelled.test_clips=9", "splits=paper5",
        "labelled=demo", "name=x", "group=y", "tags=[z]", "logger=[]", "figures=false",
    ],
    "predict": ["data_dir=/elsewhere", "accelerator=cpu", "devices=2", "scoring.batch_size=7", "figures=false", "out=x"],
    "evaluate": ["data_dir=/elsewhere", "videos=false", "out=x"],
}  # fmt: skip
OTHER = {
    "train": [
        "seed=1", "trainer.precision=bf16-mixed", "data=kinetics400", "data.features=/mine.h5", "data.standardize=true",
        "data.held_out=x.h5", "model=tiny", "batch_size=64", "benchmark=[tvsum]", "benchmarks.summe.stride=2",
        "benchmarks.tvsum.features='${data_dir}/other/googlenet.h5'", "scoring.precision=bf16", "scoring.every=2",
        "init=x.ckpt", "feature=resnet50", "mask_ratio=0.4", "loss=cosine", "optim.base_lr=1", "method=recognition", "stride=2",
    ],
    "predict": ["ckpt=x.ckpt", "scorer=uniform", "stride=3", "scoring.boundary=shift", "benchmark=[summe]"],
    "evaluate": ["against=y.h5", "protocol=all", "f1=true", "seed=1", "splits=paper5"],
}  # fmt: skip
GIVEN = {"train": [], "predict": [], "evaluate": ["scores=s.h5"]}


@pytest.mark.parametrize(("command", "override"), [(name, each) for name in SAME for each in SAME[name]])
def test_what_decides_no_result_makes_no_other_job(command, override):
    assert hash_of(command, *GIVEN[command], override) == hash_of(command, *GIVEN[command])


@pytest.mark.parametrize("command", OTHER)
def test_what_decides_results_makes_another_job(command):
    hashes = [hash_of(command, *GIVEN[command], *more) for more in ([], *([each] for each in OTHER[command]))]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    ("method", "setting"),
    [
        ("recognition", "labelled.test_clips=9"),
        ("recognition", "method.freeze=true"),
        ("dr_dsn", "method.hidden=3"),
        ("dr_dsn", "splits=paper5"),
    ],
)
def test_each_method_has_its_own_settings(method, setting):
    assert hash_of("train", f"method={method}") != hash_of("train", f"method={method}", setting)


def test_a_new_setting_of_a_method_leaves_its_finished_jobs_finished(monkeypatch):
    config = compose_config("train", ["method=dr_dsn"])
    before = config_hash("train", config)
    usual = {**config["method"], "added": 3}
    monkeypatch.setattr(method_settings, "method_defaults", lambda name: usual)
    assert config_hash("train", {**config, "method": usual}) == before
    assert config_hash("train", {**config, "method": {**usual, "added": 4}}) != before


def test_where_features_are_kept_is_left_out_and_compiling_is_not():
    config = compose_config("train", [])
    placed = {**config, "data": {**config["data"], "residency": "device"}}
    compiled = {**config, "trainer": {**config["trainer"], "compile": True}}
    assert config_hash("train", placed) == config_hash("train", config) != config_hash("train", compiled)


def test_files_in_a_folder_that_may_move_are_known_by_their_path_within():
    config = {"data_dir": "/a", "demo_dir": "/a/demo/", "files": ["/a/x.h5", "/a/demo/y.h5", "/ab/z.h5", "a/w.h5"]}
    wanted = {"files": ["${data_dir}/x.h5", "${demo_dir}/y.h5", "/ab/z.h5", "a/w.h5"]}
    assert decisive_settings(config) == wanted


def test_a_sweep_knows_its_jobs_on_another_machine():
    table = TableSpec(
        jobs={"a": JobSpec(train=["+experiment=rand_stride"]), "b": JobSpec(predict=["stride=4"], of="a")}
    )
    here, there, other = (
        JobMaker("runs", given, []).jobs_of("t", table)
        for given in (
            [],
            ["data_dir=/mnt", "trainer.devices=8", "trainer.strategy=ddp", "data.workers=9"],
            ["trainer=gpu"],
        )
    )
    assert [here[name].hash for name in "ab"] == [there[name].hash for name in "ab"]
    assert here["a"].hash != other["a"].hash  # in bfloat16


@pytest.mark.parametrize("part", ["the config itself", "a part of it", "the entries of a table"])
def test_a_new_key_with_its_default_leaves_finished_jobs_finished(monkeypatch, part):
    config = compose_config("train", [])
    before = config_hash("train", config)
    schema = recipe.SCHEMAS["train"]
    extended, values = {}, {}
    for value in (3, 4):
        if part == "the config itself":
            extended["train"] = dataclasses.make_dataclass("New", [("added", int, 3)], bases=(schema,))
            values[value] = {**config, "added": value}
        elif part == "a part of it":
            model = dataclasses.make_dataclass("NewModel", [("added", int, 3)], bases=(type(schema().model),))
            field = ("model", model, dataclasses.field(default_factory=model))
            extended["train"] = dataclasses.make_dataclass("New", [field], bases=(schema,))
            values[value] = {**config, "model": {**config["model"], "added": value}}
        else:
            entry = dataclasses.make_dataclass("NewBenchmark", [("added", int, 3)], bases=(BenchmarkConfig,))
            field = ("benchmarks", dict[str, entry], dataclasses.field(default_factory=dict))
            extended["train"] = dataclasses.make_dataclass("New", [field], bases=(schema,))
            values[value] = {
                **config,
                "benchmarks": {name: {**files, "added": value} for name, files in config["benchmarks"].items()},
            }
    monkeypatch.setitem(recipe.SCHEMAS, "train", extended["train"])
    assert config_hash("train", values[3]) == before
    assert config_hash("train", values[4]) != before


def test_the_version_and_the_command_are_part_of_the_hash(monkeypatch):
    config = compose_config("train", [])
    before = config_hash("train", config)
    assert identity("train", config, {"data.features": "aa"}) == {
        "config_hash": before, "config_hash_version": recipe.VERSION, "data": {"data.features": "aa"}, "seed": 0
    }  # fmt: skip
    assert config_hash("predict", {}) != config_hash("evaluate", {})
    monkeypatch.setattr(recipe, "VERSION", recipe.VERSION + 1)
    assert config_hash("train", config) != before


DEFAULTS = Path(__file__).with_name("decisive_defaults.json")


def test_a_default_that_decides_results_changes_only_with_the_version():
    """Hashes leave out what equals its default, so one hash would stand for two results."""
    stored = json.loads(DEFAULTS.read_text(encoding="utf-8"))
    assert stored["version"] == recipe.VERSION, "store the defaults of this version: python -m tests.runs.test_identity"
    for command, known in stored["defaults"].items():
        now = decisive_defaults(command)
        changed = {key: (value, now.get(key)) for key, value in known.items() if now.get(key, ...) != value}
        assert not changed, (
            f"{command}: raise maesum.runs.identity.VERSION, then store: python -m tests.runs.test_identity"
        )
        added = now.keys() - known.keys()
        assert not added, f"{command}: new keys are fine, store their defaults, too: python -m tests.runs.test_identity"


def decisive_defaults(command):
    """By full key, of all methods and of the entries of tables."""
    settings = defaults(recipe.SCHEMAS[command]) | {"benchmarks": {"*": defaults(BenchmarkConfig)}}
    methods = settings.pop("method", None)
    found = flat(decisive_settings(settings))
    if methods is not None:
        found |= flat(
            {"method": {name: method_settings.method_defaults(name) for name in method_settings.method_names()}}
        )
    return json.loads(json.dumps(found))


if __name__ == "__main__":
    known = {command: decisive_defaults(command) for command in recipe.SCHEMAS}
    content = {"version": recipe.VERSION, "defaults": known}
    DEFAULTS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")

"""A config from outside the project is data: it runs nothing, reads no secrets, and is checked like our own."""

from __future__ import annotations

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from maesum.cli import multirun
from maesum.cli.registration import register_schemas
from maesum.cli.targets import known_targets
from maesum.config import CONF_DIR
from tests.commands import maesum_here, user_error

HARM = "maesum_test_harm.touch"
LOGGING = {"version": 1, "root": {"handlers": ["h"]}, "handlers": {"h": {"()": HARM}}}


@pytest.fixture(scope="module")
def of_a_run():
    """What a run leaves as .hydra/config.yaml, without interpolations resolved."""
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return OmegaConf.to_container(compose("train", ["+experiment=rand_stride", "+scale=demo"]), resolve=False)


@pytest.fixture
def somebodys(of_a_run, tmp_path, monkeypatch):
    """Write somebody's RUN/.hydra/config.yaml with further settings; `maesum_test_harm.touch` can be imported."""
    (tmp_path / "harm").mkdir()
    (tmp_path / "harm" / "maesum_test_harm.py").write_text(
        "from pathlib import Path\ndef touch(**settings): Path('EXECUTED').touch()\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "harm")
    work = tmp_path / "work"
    (work / "RUN" / ".hydra").mkdir(parents=True)

    def write(further, path="config.yaml"):
        content = OmegaConf.to_container(OmegaConf.merge(of_a_run, further)) if path == "config.yaml" else further
        target = work / "RUN" / ".hydra" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump(content))
        return work

    return write


REPEAT = ("--config-path", "RUN/.hydra", "--config-name", "config")


@pytest.mark.parametrize(
    ("further", "sentence"),
    [
        ({"hydra": {"callbacks": {"x": {"_target_": HARM}}}}, "sets hydra.callbacks.x._target_ to"),
        ({"hydra": {"job_logging": LOGGING}}, "sets hydra.job_logging."),
        ({"hydra": {"hydra_logging": LOGGING}}, "sets hydra.hydra_logging."),
        ({"hydra": {"launcher": {"_target_": HARM}, "mode": "MULTIRUN"}}, "sets hydra.launcher._target_"),
        ({"hydra": {"sweeper": {"_target_": HARM}, "mode": "MULTIRUN"}}, "sets hydra.sweeper._target_"),
        ({"hydra": {"searchpath": ["pkg://maesum_test_harm"]}}, "sets hydra.searchpath"),
        ({"hydra": {"job": {"env_set": {"LD_PRELOAD": "x.so"}}}}, "sets hydra.job.env_set.LD_PRELOAD"),
        ({"hydra": {"job": {"env_copy": ["HOME"]}}}, "sets hydra.job.env_copy"),
        ({"hydra": {"job": {"env_copy": ["MAESUM_UNSET"]}}}, "env_copy names 'MAESUM_UNSET'"),
        ({"hydra": {"overrides": {"hydra": ["hydra.verbose=true"]}}}, "sets hydra.overrides.hydra"),
        (
            {"hydra": {"mode": "MULTIRUN", "sweeper": {"params": {"+logger.x._target_": HARM}}}},
            "sets hydra.sweeper.params.+logger.x._target_",
        ),
        ({"logger": {"x": {"_target_": HARM}}}, f"sets logger.x._target_ to '{HARM}'"),
        ({"logger": {"csv": {"prefix": {"_target_": HARM}}}}, "sets logger.csv.prefix to"),
        ({"logger": {"csv": {"name": {"_target_": HARM}}}}, "sets logger.csv.name._target_ to"),
        ({"logger": {"csv": {"_args_": ["elsewhere"]}}}, "sets logger.csv._args_"),
        ({"group": "_target", "logger": {"x": {"_target_": "${group}"}}}, "sets logger.x._target_ to '_target'"),
        ({"logger": {"x": "${oc.create:${oc.decode:'{_target_: " + HARM + "}'}}"}}, "sets logger.x._target_ to"),
        ({"name": "\\${oc.env:HOME}"}, "sets name to '${oc.env:HOME}'"),
        ({"name": "${oc.env:HOME}"}, "reads the environment variable HOME"),
        ({"name": "${oc.env:HOME,nobody}"}, "reads the environment variable HOME"),
        ({"group": "HOME", "name": "${oc.env:${group}}"}, "reads the environment variable HOME"),
        ({"epocs": 3}, "there is no config key 'epocs'; did you mean 'epochs'?"),
        ({"epochs": "many"}, "many"),
    ],
    ids=str,
)  # fmt: skip
def test_a_config_from_outside_is_refused_before_anything_of_it_runs(somebodys, further, sentence):
    folder = somebodys(further)
    assert sentence in user_error(maesum_here("train", *REPEAT, "hydra.run.dir=out", folder=folder))
    assert sorted(path.name for path in folder.iterdir()) == ["RUN"]


def test_nor_does_a_group_of_its_own_run(somebodys):
    somebodys(LOGGING, "hydra/job_logging/mine.yaml")
    folder = somebodys({"defaults": ["_self_", {"override hydra/job_logging": "mine"}]})
    sentence = user_error(maesum_here("train", *REPEAT, "hydra.run.dir=out", folder=folder))
    assert "chooses an option for hydra that neither Hydra nor a plugin has" in sentence
    for flags in (["--config-dir", "RUN/.hydra"], ["hydra.searchpath=[RUN/.hydra]"]):
        chosen = [*flags, "hydra/job_logging=mine", "hydra.run.dir=out"]
        assert "neither Hydra nor a plugin has" in user_error(maesum_here("train", *chosen, folder=folder))
    assert not (folder / "EXECUTED").exists()


def test_a_swept_experiment_of_its_own_runs_nothing_either(somebodys):
    folder = somebodys({"hydra": {"job_logging": LOGGING}}, "experiment/x.yaml")
    path = folder / "RUN" / ".hydra" / "experiment" / "x.yaml"
    path.write_text("# @package _global_\n" + path.read_text())
    arguments = ["-m", "--config-dir", "RUN/.hydra", "+experiment=x", "seed=1,2", "hydra.sweep.dir=out"]
    done = maesum_here("train", *arguments, folder=folder)
    assert "sets hydra.job_logging." in done.stderr
    assert not (folder / "EXECUTED").exists()


def test_what_the_command_line_names_is_the_users_word(somebodys):
    folder = somebodys({"logger": {"x": {"_target_": HARM}}})
    typed = [f"logger.x._target_={HARM}", "name='of_${oc.env:HOME}'", "+hydra.job.env_set.A=b", "epochs=0"]
    assert "epochs is 0" in user_error(maesum_here("train", *REPEAT, *typed, folder=folder))
    nested = ["logger.x.more={_target_: a.b}", *typed]
    assert "sets" in user_error(maesum_here("train", *REPEAT, *typed[1:], folder=folder))
    assert "epochs is 0" in user_error(maesum_here("train", *REPEAT, *[f"+{nested[0]}", *typed], folder=folder))


def test_our_own_configs_read_any_variable(tmp_path):
    sentence = user_error(maesum_here("train", "+scale=demo", "name='${oc.env:HOME}'", "epochs=0", folder=tmp_path))
    assert "epochs is 0" in sentence


def test_a_pickled_job_is_never_loaded(tmp_path):
    (tmp_path / "config.pickle").write_bytes(b"cos\nsystem\n(S'touch EXECUTED'\ntR.")
    done = maesum_here("train", "--experimental-rerun", "config.pickle", folder=tmp_path)
    assert "would run what is in that file" in user_error(done)
    assert not (tmp_path / "EXECUTED").exists()


def test_every_target_of_our_configs_is_known():
    known = known_targets()
    for path in CONF_DIR.rglob("*.yaml"):
        for line in path.read_text().splitlines():
            target = line.strip().removeprefix("_target_:").strip()
            if line.strip().startswith("_target_:") and target != "???":
                assert target in known, path


def test_the_jobs_of_a_multirun_compose_the_same_files(somebodys, monkeypatch):
    folder = somebodys({"mask_ratio": 0.3})
    started = []

    def start(command):
        started.append(command)
        (folder / "jobs" / str(len(started) - 1) / "metrics.json").write_text("{}")
        return 0

    monkeypatch.setattr(multirun, "_exit_status", start)
    done = maesum_here("train", "-m", *REPEAT, "seed=1,2", "hydra.sweep.dir=jobs", folder=folder)
    assert done.returncode == 0, done.stderr
    for number, command in enumerate(started):
        assert command[1:3] == ["-m", "maesum.train"]
        composed = maesum_here("train", *command[3:], "--cfg", "job", folder=folder)
        settings = yaml.safe_load(composed.stdout)
        assert (settings["mask_ratio"], settings["seed"]) == (0.3, number + 1)

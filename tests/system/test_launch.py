"""What torchrun and SLURM say about a process, and what is refused where it does not fit the job."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hydra import compose, initialize_config_dir

from maesum.cli.arguments import one_writer
from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.system.errors import MaesumError
from maesum.system.launch import Launch, check_processes, launched, waits_for
from tests.commands import SECONDS, maesum_here, user_error

TORCHRUN = {"TORCHELASTIC_RUN_ID": "one", "RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}
BATCH = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "train", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}
SRUN = {**BATCH, "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_ID": "2"}


@pytest.mark.parametrize(
    ("environment", "launch"),
    [
        ({}, None),
        (TORCHRUN, Launch("torchrun", 1, 2, devices=2, folder="one")),
        (
            {**TORCHRUN, "WORLD_SIZE": "6", "LOCAL_WORLD_SIZE": "2", "GROUP_WORLD_SIZE": "3"},
            Launch("torchrun", 1, 6, devices=2, machines=3, folder="one"),
        ),
        (SRUN, Launch("SLURM", 3, 4, devices=4, folder="slurm_7_2")),
        (
            {**SRUN, "SLURM_NNODES": "3", "SLURM_STEP_NUM_NODES": "1"},
            Launch("SLURM", 3, 4, devices=4, folder="slurm_7_2"),
        ),
        ({**SRUN, "SLURM_NNODES": "2"}, Launch("SLURM", 3, 4, devices=2, machines=2, folder="slurm_7_2")),
        ({**SRUN, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, Launch("SLURM", 0, 1)),  # needs no shared name
        ({**SRUN, **TORCHRUN}, Launch("torchrun", 1, 2, devices=2, folder="one")),  # torchrun within a SLURM job
        (BATCH, Launch("SLURM", 0, 1)),  # a batch script without srun
        ({**SRUN, "SLURM_JOB_NAME": "bash"}, None),  # srun --pty bash: a shell, where Lightning starts the processes
        ({"SLURM_JOB_ID": "7"}, None),
    ],
)
def test_who_started_a_process(environment, launch):
    assert launched(environment) == launch


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            TORCHRUN,
            r"devices=8 and trainer.num_nodes=2 want 16 in all, but torchrun has started 2 processes; .*trainer=ddp",
        ),
        (SRUN, "SLURM has started 4 processes"),
        (BATCH, "SLURM has started 1 process; start the command by srun .* as trainer=slurm does"),
    ],
)
def test_another_number_of_processes_is_refused(environment, message, monkeypatch):
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    check_processes(launched().processes, 1)
    with pytest.raises(MaesumError, match=message):
        check_processes(8, 2, of="trainer.")


@pytest.mark.parametrize(
    ("environment", "settings", "folder"),
    [
        ({}, (1, 1), r"runs/predict/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d"),
        (BATCH, (1, 1), r"runs/predict/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d"),
        ({**SRUN, "SLURM_NNODES": "2"}, (2, 2), "runs/predict/slurm_7_2"),
        ({**TORCHRUN, "LOCAL_WORLD_SIZE": "1", "GROUP_WORLD_SIZE": "2"}, (1, 2), "runs/predict/one"),
    ],
)
def test_a_prediction_takes_its_numbers_and_its_folder_from_the_launch(environment, settings, folder, monkeypatch):
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("predict", ["benchmark=demo"], return_hydra_config=True)
        assert (config.devices, config.num_nodes) == settings
        assert re.fullmatch(folder, config.hydra.run.dir)


def test_a_restart_in_which_processes_may_not_find_each_other_is_refused(monkeypatch):
    for key, value in {**TORCHRUN, "TORCHELASTIC_RESTART_COUNT": "1", "TORCHELASTIC_USE_AGENT_STORE": "False"}.items():
        monkeypatch.setenv(key, value)
    check_processes(2, 1)
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    with pytest.raises(MaesumError, match="set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for torchrun"):
        check_processes(2, 1)


def test_processes_that_do_not_know_of_each_other_do_not_train(tmp_path, monkeypatch):
    """torchrun with trainer=default: each would take itself for the only one."""
    for key, value in TORCHRUN.items():
        monkeypatch.setenv(key, value)
    done = maesum_here("train", "+experiment=rand_stride", *SECONDS, folder=tmp_path, cache=tmp_path / "cache")
    assert "torchrun has started 2 processes" in user_error(done)
    assert "torchrun has started 2 processes" in user_error(
        maesum_here(
            "predict", "scorer=uniform", "benchmark=demo", "devices=1", folder=tmp_path, cache=tmp_path / "cache"
        )
    )
    assert not list(tmp_path.glob("runs/*/*/*"))


@pytest.mark.parametrize("command", ["train", "predict"])
def test_a_job_of_torchrun_without_a_name_is_refused(command, tmp_path, monkeypatch):
    """torchrun calls it "none", as it does every other one; a folder that is named in its place is taken."""
    for key, value in {**TORCHRUN, "TORCHELASTIC_RUN_ID": "none"}.items():
        monkeypatch.setenv(key, value)
    done = maesum_here(command, "benchmark=demo", folder=tmp_path, cache=tmp_path / "cache")
    assert "no --rdzv-id, which names the run's folder, so every run's would be 'none'" in user_error(done)
    assert not list(tmp_path.iterdir())
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose(command, ["benchmark=demo", "hydra.run.dir=mine"], return_hydra_config=True)
        assert config.hydra.run.dir == "mine"


def test_the_folder_that_torchrun_itself_names(tmp_path):
    """With --standalone another for each run, the same in all its processes; with no name at all, none."""
    line = "{launch.told_to_configs('folder')} {launch.launched().devices}"
    # In one piece: both processes write to one pipe.
    code = f'import sys, maesum.system.launch as launch; sys.stdout.write(f"{line}\\n")'
    (tmp_path / "told.py").write_text(code)
    nameless = ("--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0")
    told = []
    for options in (("--standalone",), ("--standalone",), nameless):
        arguments = ("-m", "torch.distributed.run", *options, "--nproc-per-node=2", "told.py")
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        told.append(done.stdout.split())
    one, two, none = told
    assert one == [one[0], "2"] * 2
    assert two == [two[0], "2"] * 2
    assert len({one[0], two[0], "none"}) == 3
    assert none == []
    assert "MaesumError: torchrun was given no --rdzv-id" in done.stderr


def test_a_job_of_slurm_is_not_started_outside_of_slurm(tmp_path, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    arguments = ("+experiment=rand_stride", *SECONDS, "trainer=slurm")
    message = user_error(maesum_here("train", *arguments, folder=tmp_path))
    assert message == (
        "error: trainer=slurm is for the tasks of a SLURM job, but SLURM_JOB_ID is not set; submit the command with "
        "sbatch or start it by srun, or take trainer=ddp for the GPUs of this machine."
    )
    assert not list(tmp_path.iterdir())
    assert maesum_here("train", *arguments, "--help", folder=tmp_path).returncode == 0


def test_a_multirun_is_not_started_by_torchrun(tmp_path, monkeypatch):
    for key, value in TORCHRUN.items():
        monkeypatch.setenv(key, value)
    done = maesum_here("train", "-m", "+experiment=rand_stride", *SECONDS, folder=tmp_path, cache=tmp_path / "cache")
    assert done.returncode == 2
    assert "start it without torchrun" in done.stderr


def test_only_the_first_process_lets_hydra_write(monkeypatch):
    given = ["--config-path", "a", "seed=1", "+scale=demo", "--config-name", "config"]
    assert one_writer(given) == given
    for key, value in TORCHRUN.items():
        monkeypatch.setenv(key, value)
    quiet = ["hydra.output_subdir=null", "hydra/job_logging=stdout"]
    assert one_writer(given) == [*given[:4], *quiet, *given[4:]]
    assert one_writer(["--config-name=config"]) == ["--config-name=config", *quiet]
    monkeypatch.setenv("RANK", "0")
    assert one_writer(given) == given


BY_HAND = {"MASTER_ADDR": "first", "MASTER_PORT": "29500", "NODE_RANK": "1"}


def test_several_machines_of_which_nobody_told_are_refused_and_not_waited_for(tmp_path, monkeypatch):
    for name in (*BY_HAND, "RANK", "GROUP_RANK"):
        monkeypatch.delenv(name, raising=False)
    done = maesum_here(
        "train", "+experiment=rand_stride", *SECONDS, "trainer.num_nodes=2", folder=tmp_path, cache=tmp_path / "cache"
    )
    message = user_error(done)
    assert "trainer.num_nodes=2, but nothing says where the other machines are" in message
    assert "torchrun --nnodes or srun on each of them, or set MASTER_ADDR, MASTER_PORT and NODE_RANK" in message
    assert not list(tmp_path.glob("runs/*/*"))
    monkeypatch.setenv("MASTER_ADDR", "first")
    with pytest.raises(MaesumError, match="num_nodes=2, but nothing says where"):
        check_processes(1, 2)


def test_machines_that_were_told_where_to_meet_say_what_they_wait_for(monkeypatch):
    for key, value in BY_HAND.items():
        monkeypatch.setenv(key, value)
    check_processes(1, 2)
    assert waits_for(2) == (
        "this is machine 1 of 2, waiting for all of them at first:29500; start the same command on the others, with "
        "NODE_RANK from 0 to 1"
    )
    assert waits_for(1) is None
    assert waits_for(2, {**BY_HAND, **TORCHRUN}) is None
    assert waits_for(2, {}) is None

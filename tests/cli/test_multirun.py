"""Hydra multirun with each launcher: isolated jobs, several ranks in each, a W&B run of its own for each."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra import compose

from maesum.cli import multirun
from maesum.config.overrides import override
from tests.commands import SECONDS, maesum, maesum_here
from tests.reliability.starting import free_port

LAUNCHERS = {"basic": None, "joblib": "hydra_plugins.hydra_joblib_launcher", "submitit_local": "hydra_plugins.hydra_submitit_launcher"}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_jobs_of_a_multirun_are_isolated(launcher, cache, tmp_path):
    plugin = LAUNCHERS[launcher]
    if plugin is not None and (importlib.util.find_spec("hydra_plugins") is None or importlib.util.find_spec(plugin) is None):  # fmt: skip
        pytest.skip(f"{plugin} is not installed")
    done = maesum(
        "train", "-m", "+experiment=rand_stride", *SECONDS, "mask_ratio=0.1,0.3", f"hydra/launcher={launcher}",
        "trainer.devices=2", "trainer.strategy=ddp", "logger=[csv,wandb]", "figures=false",
        "evaluator.every_n_epochs=1", "scoring.every=10", "hydra.sweep.dir=jobs", folder=tmp_path, cache=cache,
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


#: Letters that mean something to Hydra's grammar or to a shell. (A folder with `${` in its name Hydra itself cannot use.)
TRICKY = """it's, a=b [x] {y} (z) #1 é "q" $HOME \\'\\"""


def test_a_job_is_given_its_folder_and_settings_whatever_letters_they_hold(tmp_path, monkeypatch):
    given = []

    def compose_and_finish(command):
        overrides = [each for each in command[3:] if not each.startswith("--")]
        config = compose("train", overrides, return_hydra_config=True)
        given.append((config.hydra.run.dir, config.name, config.group, config.seed, config.hydra.mode.name))
        Path(config.hydra.run.dir, "metrics.json").write_text("{}")
        return 0

    monkeypatch.setattr(multirun, "_exit_status", compose_and_finish)
    (tmp_path / TRICKY).mkdir()
    folder = tmp_path / TRICKY
    arguments = (
        "-m",
        "+experiment=rand_stride",
        "seed=1,2",
        "name='my, run'",
        override("hydra.sweep.dir", f"jobs {TRICKY}"),
    )
    done = maesum_here("train", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    group = f"jobs {TRICKY}"
    assert given == [(f"{folder}/{group}/{seed - 1}", "my, run", group, seed, "RUN") for seed in (1, 2)]


def test_ctrl_c_waits_for_the_job_which_saves_its_state():
    """It reaches the job as well: whoever waits for it must not kill it."""
    script = "import signal\ntry: print('training', flush=True); signal.pause()\nexcept KeyboardInterrupt: print('saved', flush=True)"
    code = f"import sys; from maesum.cli.multirun import _exit_status; _exit_status([sys.executable, '-c', {script!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert stdout == "saved\n", stderr
    assert "KeyboardInterrupt" in stderr


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


#: What stands in for SLURM: a batch script's job on one machine, and its tasks side by side.
SBATCH = """#!/bin/bash
tasks=$(sed -n 's/^#SBATCH --ntasks-per-node=//p' "$1")
SLURM_JOB_ID=$JOB SLURM_JOB_NAME=train SLURM_NTASKS=$tasks SLURM_NTASKS_PER_NODE=$tasks SLURM_NNODES=1 \\
SLURM_JOB_NUM_NODES=1 SLURM_NODELIST=127.0.0.1 SLURM_JOB_NODELIST=127.0.0.1 \\
SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NODEID=0 bash "$1" < /dev/null > "$1.log" 2>&1 &
echo "Submitted batch job $JOB"
"""
SRUN = """#!/bin/bash
while [[ "$1" == --* ]]; do [[ "$1" == --output || "$1" == --error ]] && shift; shift; done
for rank in $(seq 0 $((SLURM_NTASKS - 1))); do
  SLURM_STEP_NUM_TASKS=$SLURM_NTASKS SLURM_PROCID=$rank SLURM_LOCALID=$rank "$@" &
done
wait
"""


@pytest.mark.slow
def test_the_tasks_of_a_submitit_job_are_the_ranks_of_one_training(cache, tmp_path, monkeypatch):
    if importlib.util.find_spec("submitit") is None:
        pytest.skip("submitit is not installed")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in {"sbatch": SBATCH, "srun": SRUN, "sacct": "#!/bin/sh\n"}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("JOB", str(free_port() - 15000).zfill(4))  # Lightning's port is 15000 + the last four digits
    done = maesum(
        "train", "-m", "+experiment=rand_stride", *SECONDS, "trainer=slurm", "trainer.accelerator=cpu",
        "trainer.precision=32-true", "mask_ratio=0.3", "hydra/launcher=submitit_slurm",
        "hydra.launcher.tasks_per_node=2", "figures=false", "benchmark=[]", folder=tmp_path, cache=cache,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (sweep,) = (tmp_path / "runs" / "rand_stride").iterdir()
    origin = json.loads((sweep / "0" / "provenance.json").read_text())
    assert origin["device"]["processes"] == 2
    assert [path.name for path in sweep.iterdir() if path.is_dir() and path.name != ".submitit"] == ["0"]
    assert "train/loss" in json.loads((sweep / "0" / "metrics.json").read_text())

"""One training by torchrun on one machine, on two, and by SLURM: the same losses, scores and weights in one folder."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from maesum.data import Scores
from maesum.system.errors import Stopped
from maesum.training.stopping import requeued_on_signal
from tests.commands import maesum_here, user_error
from tests.reliability import killing, starting


@pytest.fixture
def scontrol(tmp_path_factory, monkeypatch):
    """A stand-in for SLURM's command: the file that it notes in what it was asked for."""
    tools = tmp_path_factory.mktemp("bin")
    (tools / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> {tools}/asked\n')
    (tools / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return tools / "asked"


@pytest.fixture(scope="module")
def alone(tmp_path_factory, cache):
    """The run of a single process."""
    folder = tmp_path_factory.mktemp("alone")
    done = maesum_here("train", *starting.TRAINING, "hydra.run.dir=run", folder=folder, cache=cache)
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def two_machines(tmp_path_factory, cache):
    """Where two agents of torchrun, with one process each, have trained, never interrupted."""
    folder = tmp_path_factory.mktemp("two_machines")
    options = (
        "--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d", "--local-addr=127.0.0.1", "--rdzv-id=first_try",
        f"--rdzv-endpoint=127.0.0.1:{starting.free_port()}",
    )  # fmt: skip
    starting.finish([starting.torchrun(options, "train", *starting.DDP, folder=folder, cache=cache) for _ in range(2)])
    return folder


def _one_folder(folder: Path, name: str) -> Path:
    """The only folder that a job left, with the files of one process in it."""
    assert [path.name for path in (folder / "runs" / "rand_stride").iterdir()] == [name]
    run = folder / "runs" / "rand_stride" / name
    assert [path.name for path in run.glob("*.log")] == ["train.log"]
    assert (run / ".hydra" / "config.yaml").exists()
    return run


def _assert_same_losses(run: Path, alone: Path) -> None:
    """Losses of one process, by two."""
    assert json.loads((run / "provenance.json").read_text())["device"]["processes"] == 2
    one, two = starting.losses(alone), starting.losses(run)
    assert len(two) > len(one) / 2  # a log loses the steps before an interruption that were not yet written
    assert max(abs(one[step] - two[step]) for step in two) < 1e-5


def _assert_same_scores(run: Path, alone: Path, tolerance: float = 1e-5) -> None:
    expected, scores = (Scores(path / "scores" / "demo.h5") for path in (alone, run))
    assert expected.video_ids == scores.video_ids
    for video_id in expected.video_ids:
        np.testing.assert_allclose(scores[video_id], expected[video_id], atol=tolerance, rtol=0)


@pytest.mark.slow
def test_two_machines_by_torchrun(alone, two_machines, cache):
    """The folder is named by the agents' run id, and a name is not taken twice."""
    run = _one_folder(two_machines, "first_try")
    _assert_same_losses(run, alone)
    _assert_same_scores(run, alone)
    assert starting.losses(run).keys() == starting.losses(alone).keys()
    kept = ("checkpoints/last.ckpt", "config.yaml", "log/metrics.csv", "metrics.json")
    before = [(run / name).read_bytes() for name in kept]
    again = maesum_here("train", *starting.TRAINING, f"hydra.run.dir={run}", folder=two_machines, cache=cache)
    assert "this folder holds a training already; go on with it by ckpt=last" in user_error(again)
    assert [(run / name).read_bytes() for name in kept] == before


@pytest.mark.slow
def test_a_process_of_torchrun_that_dies_is_started_again_and_goes_on(alone, two_machines, cache, tmp_path):
    options = ("--standalone", "--nproc-per-node=2", "--max-restarts=1")
    arguments = ("train", *starting.DDP, "benchmark=[]")
    store_of_its_own = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    agent = starting.torchrun(options, *arguments, folder=tmp_path, cache=cache, **store_of_its_own)
    runs = tmp_path / "runs" / "rand_stride"
    starting.wait_until(lambda: list(runs.glob("*/checkpoints/last.ckpt")), agent)
    children = [int(pid) for pid in Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()]
    ranks = {_variable(pid, "RANK"): pid for pid in children}
    os.kill(ranks["1"], signal.SIGKILL)
    starting.finish([agent])
    (name,) = (path.name for path in runs.iterdir())
    run = _one_folder(tmp_path, name)
    assert (run / "log" / "metrics_1.csv").exists()
    _assert_same_losses(run, alone)
    assert killing.same_bits(killing.weights(two_machines / "runs" / "rand_stride" / "first_try"), killing.weights(run))


def _variable(pid: int, name: str) -> str | None:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return next((entry.partition("=")[2] for entry in entries if entry.startswith(f"{name}=")), None)


@pytest.mark.slow
def test_slurm_queues_the_job_again_and_it_goes_on_in_its_folder(alone, two_machines, cache, tmp_path, scontrol):
    """Two tasks, SIGUSR1 to both: saved, queued again once, and started again without ckpt=."""
    job = str(starting.free_port() - 15000).zfill(4)  # Lightning's port is 15000 + the last four digits
    arguments = ("train", "trainer=slurm", *starting.TRAINING, "benchmark=[]")
    tasks = starting.srun(job, *arguments, folder=tmp_path, cache=cache)
    run = tmp_path / "runs" / "rand_stride" / f"slurm_{job}"
    starting.wait_until((run / "checkpoints" / "last.ckpt").exists, tasks[0])
    for task in tasks:
        os.kill(task.pid, signal.SIGUSR1)
    printed = starting.finish(tasks, status=128 + signal.SIGUSR1)
    assert "SLURM has queued the job again" in printed[0]
    assert scontrol.read_text().split() == ["requeue", job]
    assert not (run / "metrics.json").exists()
    starting.finish(starting.srun(job, *arguments, folder=tmp_path, cache=cache, SLURM_RESTART_COUNT="1"))
    assert _one_folder(tmp_path, f"slurm_{job}") == run
    _assert_same_losses(run, alone)
    assert killing.same_bits(killing.weights(two_machines / "runs" / "rand_stride" / "first_try"), killing.weights(run))


@pytest.mark.slow
def test_prediction_by_torchrun(alone, cache, tmp_path):
    """Each process scores a part of the frames: the scores of one, in one folder."""
    arguments = (
        "predict",
        f"ckpt={alone / 'checkpoints' / 'last.ckpt'}",
        "benchmark=demo",
        "figures=false",
        "accelerator=cpu",
    )
    agent = starting.torchrun(("--standalone", "--nproc-per-node=2"), *arguments, folder=tmp_path, cache=cache)
    starting.finish([agent])
    (run,) = (tmp_path / "runs" / "predict").iterdir()
    assert json.loads((run / "provenance.json").read_text())["device"]["processes"] == 2
    _assert_same_scores(run, alone)


@pytest.mark.slow
def test_prediction_by_srun(alone, cache, tmp_path):
    """The same with a SLURM task for each process; a second srun of the job has a folder of its own."""
    job = str(starting.free_port() - 15000).zfill(4)
    ckpt = alone / "checkpoints" / "last.ckpt"
    arguments = ("predict", f"ckpt={ckpt}", "benchmark=demo", "figures=false", "accelerator=cpu")
    starting.finish(starting.srun(job, *arguments, folder=tmp_path, cache=cache))
    (run,) = (tmp_path / "runs" / "predict").iterdir()
    assert run.name == f"slurm_{job}_0"
    assert [path.name for path in run.glob("*.log")] == ["predict.log"]
    assert json.loads((run / "provenance.json").read_text())["device"]["processes"] == 2
    _assert_same_scores(run, alone, 1e-6)
    uniform = ("predict", "scorer=uniform", *arguments[2:])
    starting.finish(starting.srun(job, *uniform, folder=tmp_path, cache=cache, SLURM_STEP_ID="1"))
    assert sorted(path.name for path in run.parent.iterdir()) == [f"slurm_{job}_0", f"slurm_{job}_1"]


def test_a_signal_outside_the_fit_queues_the_job_again(scontrol, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    before = signal.getsignal(signal.SIGUSR1)
    with pytest.raises(Stopped, match="SLURM has queued the job again") as stopped, requeued_on_signal():
        signal.raise_signal(signal.SIGUSR1)
    assert stopped.value.exit_status == 128 + signal.SIGUSR1
    assert scontrol.read_text().split() == ["requeue", "7"]
    assert signal.getsignal(signal.SIGUSR1) is before

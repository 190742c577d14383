"""Starting one training as launchers do: torchrun's agents, and SLURM's tasks by the variables that srun sets."""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.commands import SECONDS
from tests.started import Started

#: Some seconds of training and scoring, the same in every test, for processes on CPUs.
TRAINING = (
    "+experiment=rand_stride", *SECONDS, "epochs=8", "figures=false", "trainer.log_every_n_steps=1",
    "trainer.enable_progress_bar=false", "trainer.accelerator=cpu", "trainer.precision=32-true",
)  # fmt: skip
DDP = ("trainer=ddp", *TRAINING)


def command(*arguments: str, folder: Path, cache: Path, **environment: str) -> subprocess.Popen[str]:
    """Start `python <arguments>` in a folder and in a process group of its own."""
    own = {"OMP_NUM_THREADS": "1", "MAESUM_CACHE": str(cache), "COLUMNS": "120", **environment}
    inherited = {name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"}
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=inherited | own, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def torchrun(
    options: tuple[str, ...], *arguments: str, folder: Path, cache: Path, **environment: str
) -> subprocess.Popen[str]:
    """Start an agent of torchrun: `torchrun <options> -m maesum.<arguments>`."""
    name, *rest = arguments
    whole = ("-m", "torch.distributed.run", *options, "-m", f"maesum.{name}", *rest)
    return command(*whole, folder=folder, cache=cache, **environment)


def srun(job: str, *arguments: str, folder: Path, cache: Path, **environment: str) -> list[Started]:
    """Start `python -m maesum.<arguments>` twice, as the tasks of a SLURM job on two machines of one task each."""
    job_variables = {
        "SLURM_JOB_ID": job, "SLURM_JOB_NAME": "train", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "1",
        "SLURM_NNODES": "2", "SLURM_JOB_NUM_NODES": "2", "SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_ID": "0", "SLURM_NODELIST": "127.0.0.1",
        "SLURM_JOB_NODELIST": "127.0.0.1",
    }  # fmt: skip
    name, *rest = arguments
    return [
        Started(name, *rest, folder=folder, cache=cache, **(task | job_variables | environment))
        for task in ({"SLURM_PROCID": rank, "SLURM_NODEID": rank, "SLURM_LOCALID": "0"} for rank in ("0", "1"))
    ]


def finish(processes: Sequence[subprocess.Popen[str] | Started], status: int = 0) -> list[str]:
    """Wait for the processes of a job; what each printed on both streams.

    Raises:
        AssertionError: the first ended with another status than asked for.
    """
    try:
        printed = ["".join(process.communicate(timeout=120)) for process in processes]
    finally:
        for process in processes:
            end(process)
    assert processes[0].returncode == status, "\n".join(printed)
    return printed


def end(process: subprocess.Popen[str] | Started) -> None:
    """Kill what is left of a process's group: an agent of torchrun leaves its workers behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_until(happened: Callable[[], object], process: subprocess.Popen[str] | Started, seconds: float = 120) -> None:
    """Wait for something that a process brings about.

    Raises:
        AssertionError: it has ended or taken too long.
    """
    deadline = time.monotonic() + seconds
    while not happened():
        if process.poll() is not None or time.monotonic() > deadline:
            end(process)
            raise AssertionError("".join(process.communicate()))
        time.sleep(0.02)


def free_port(low: int = 15000, high: int = 25000) -> int:
    """A port that nothing listens on, in the range that Lightning takes for SLURM jobs."""
    for port in range(low + os.getpid() % 5000, high):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no free port")


def losses(run: Path) -> dict[int, float]:
    """The training loss of every step that a run logged, over all times that it was started."""
    found: dict[int, float] = {}
    for path in (run / "log").glob("metrics*.csv"):
        with path.open(encoding="utf-8") as file:
            found |= {
                int(row["step"]): float(row["train/loss"]) for row in csv.DictReader(file) if row.get("train/loss")
            }
    return found

"""Find out who started this process: torchrun or SLURM, which start all processes of a job, or the user.

This is read before a config is composed, so the module imports neither Hydra nor torch. It decides as Lightning does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maesum.system.errors import MaesumError


@dataclass(frozen=True)
class Launch:
    """The rank of this process, and the size of its job, whose processes were all started by torchrun or SLURM.

    Attributes:
        by: "torchrun" or "SLURM".
        rank: 0 for the first process, which writes files and prints.
        processes: number of processes of the job, on all machines.
        devices: number of processes on each machine, one per device.
        machines: number of machines.
        folder: a name for the run folder that all processes of the job know; None for a single process.
    """

    by: str
    rank: int
    processes: int
    devices: int = 1
    machines: int = 1
    folder: str | None = None


def launched(environment: Mapping[str, str] = os.environ) -> Launch | None:
    """Return how this process was started, read from the environment; None if Lightning may start further processes."""
    if "TORCHELASTIC_RUN_ID" in environment:
        return _by_torchrun(environment)
    if "SLURM_NTASKS" in environment and environment.get("SLURM_JOB_NAME") not in ("bash", "interactive"):
        # Only srun starts one process per SLURM task; a plain command in a batch script is one process.
        return _by_srun(environment) if "SLURM_STEP_NUM_TASKS" in environment else Launch("SLURM", 0, 1)
    return None


def _by_torchrun(environment: Mapping[str, str]) -> Launch:
    processes = int(environment["WORLD_SIZE"])
    devices, machines = (environment.get(name) for name in ("LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE"))
    folder = environment["TORCHELASTIC_RUN_ID"]
    return Launch(
        "torchrun", int(environment["RANK"]), processes, int(devices or processes), int(machines or 1), folder
    )


def _by_srun(environment: Mapping[str, str]) -> Launch:
    processes = int(environment["SLURM_STEP_NUM_TASKS"])
    machines = int(environment.get("SLURM_STEP_NUM_NODES") or environment.get("SLURM_NNODES") or 1)
    # A job may call srun several times, for one command after another.
    folder = f"slurm_{environment['SLURM_JOB_ID']}_{environment.get('SLURM_STEP_ID', 0)}" if processes > 1 else None
    rank = int(environment.get("SLURM_PROCID", 0))
    return Launch("SLURM", rank, processes, max(1, processes // machines), machines, folder)


def told_to_configs(setting: str, otherwise: Any = None) -> Any:
    """Return one attribute of the launch for config files: the resolver `${launched:SETTING,OTHERWISE}`.

    Args:
        setting: devices, machines or folder of `Launch`; or slurm_job, a folder name that stays the same when SLURM
            queues the job again.
        otherwise: the value if neither torchrun nor SLURM has started the process.

    Raises:
        MaesumError: there is no SLURM job, or torchrun was given no name for the folder.
    """
    if setting in ("devices", "machines", "folder"):
        launch = launched()
        if setting == "folder" and launch is not None and launch.by == "torchrun":
            _check_run_id(launch)
        value = getattr(launch, setting, None)
        return otherwise if value is None else value
    if setting == "slurm_job":
        return f"slurm_{_slurm_job()}"
    raise ValueError(f"configs take no {setting!r} from the launch")


def _check_run_id(launch: Launch) -> None:
    """Refuse torchrun's default run id, which all jobs without an id share: runs would find each other's files.

    No other environment variable is the same on all machines of a job and different for another job.
    """
    if launch.folder == "none":
        raise MaesumError(
            "torchrun was given no --rdzv-id, which names the run's folder, so every run's would be 'none'; give "
            "--rdzv-id=NAME, another for each run, or --standalone where all processes are on this machine."
        )


def _slurm_job() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        raise MaesumError(
            "trainer=slurm is for the tasks of a SLURM job, but SLURM_JOB_ID is not set; submit the command with "
            "sbatch or start it by srun, or take trainer=ddp for the GPUs of this machine."
        )
    return job


def is_further_rank() -> bool:
    """Whether torchrun or SLURM started this process and it is not the first of its job."""
    launch = launched()
    return launch is not None and launch.rank > 0


def restarted() -> bool:
    """Whether this job was started again: by SLURM after a time limit, a preemption or a failed node, or by torchrun
    after one of its processes died."""
    return any(int(os.environ.get(name) or 0) > 0 for name in ("SLURM_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT"))


def check_processes(devices: int, num_nodes: int, of: str = "") -> None:
    """Check that the number of processes started is the number that the settings ask for.

    Otherwise several processes might each train alone into the same folder, or wait forever for processes that were
    never started.

    Args:
        devices: number of processes wanted on each machine.
        num_nodes: number of machines wanted.
        of: prefix of the settings' names in error messages, e.g. "trainer.".

    Raises:
        MaesumError: the number differs; several machines are wanted but the environment does not say where they meet;
            or torchrun restarted the processes in a way in which they may not find each other.
    """
    launch = launched()
    if launch is None and num_nodes > 1 and not _machines_can_meet(os.environ):
        raise MaesumError(
            f"{of}num_nodes={num_nodes}, but nothing says where the other machines are, so this one would wait for "
            "ever; start the command by torchrun --nnodes or srun on each of them, or set MASTER_ADDR, MASTER_PORT and "
            "NODE_RANK there (0 on the first, whose address and port the others are given)."
        )
    if _restarted_with_old_store():
        raise MaesumError(
            "torchrun has started the processes again with the key-value store of their first start, where they read "
            "each other's old addresses and may wait for ever; set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for torchrun, "
            "with --rdzv-backend=c10d, and go on with ckpt=last."
        )
    if launch is None or launch.processes == devices * num_nodes:
        return
    if launch.by == "torchrun":
        advice, config = "give the numbers of --nproc-per-node and --nnodes", "ddp"
    else:
        advice, config = "start the command by srun and give the numbers of --ntasks-per-node and --nodes", "slurm"
    if of:
        advice += f", as trainer={config} does"
    raise MaesumError(
        f"{of}devices={devices} and {of}num_nodes={num_nodes} want {devices * num_nodes} in all, but {launch.by} has "
        f"started {launch.processes} process{'es' * (launch.processes > 1)}; {advice}."
    )


def waits_for(num_nodes: int, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return a sentence on what a process waits for that was started by hand on one of several machines.

    Returns:
        None if torchrun or SLURM has started all processes, or if there is one machine only.
    """
    if num_nodes == 1 or launched(environment) is not None or "NODE_RANK" not in environment:
        return None
    first = f"{environment.get('MASTER_ADDR')}:{environment.get('MASTER_PORT')}"
    return (
        f"this is machine {environment['NODE_RANK']} of {num_nodes}, waiting for all of them at {first}; start the "
        f"same command on the others, with NODE_RANK from 0 to {num_nodes - 1}"
    )


def _machines_can_meet(environment: Mapping[str, str]) -> bool:
    """Whether processes on several machines were told where to meet: by hand, Kubeflow, MPI or LSF."""
    by_address = {"MASTER_ADDR", "MASTER_PORT"} <= environment.keys() and any(
        name in environment for name in ("NODE_RANK", "GROUP_RANK", "RANK")
    )
    return by_address or any(name in environment for name in ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "LSB_JOBID"))


def _restarted_with_old_store() -> bool:
    """Whether torchrun restarted with its old key-value store, where torch 2.13 reuses the keys of the first start."""
    again = int(os.environ.get("TORCHELASTIC_RESTART_COUNT") or 0) > 0
    return again and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"

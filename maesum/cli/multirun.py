"""Run each job of a Hydra multirun (`-m`) in a process of its own.

Hydra's launchers run jobs within one process. There, DDP would start its other ranks with the arguments of the whole
multirun, W&B would write two jobs into one run, and memory would not be freed between jobs. So under `-m` a job starts
a new `python -m maesum.train` with its own overrides and waits for it. The launcher decides on which machine jobs run
and how many at a time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from maesum.cli.overrides import key_of, keys_of, parsed
from maesum.config.overrides import override
from maesum.runs.provenance import LAST
from maesum.system.errors import MaesumError
from maesum.system.launch import is_further_rank, launched
from maesum.system.printing import say
from maesum.system.signals import Ended


def in_multirun() -> bool:
    """Whether this process was started by a launcher of Hydra to run a job of a multirun."""
    return HydraConfig.get().mode is RunMode.MULTIRUN


def _config_flags() -> list[str]:
    """Return the flags with which a job finds the config of this multirun."""
    config = HydraConfig.get()
    flags = [f"--config-name={config.job.config_name}"]
    for source in config.runtime.config_sources:
        if source.provider == "main":
            flags.append(f"--config-path={'pkg://' if source.schema == 'pkg' else ''}{source.path}")
        if source.provider == "command-line":
            flags.append(f"--config-dir={source.path}")
    return [*flags, *(each for each in config.overrides.hydra if key_of(each) == "hydra.searchpath")]


def run_isolated(command: str) -> dict[str, float]:
    """Run this job of a multirun as `python -m maesum.<command>` and return its metrics.

    The job prints to the output of this process. All runs of a multirun share a W&B group, named after the multirun's
    folder unless group= is given. If SLURM runs a job as several SLURM tasks (`hydra.launcher.tasks_per_node`), each
    task starts one process, and these form one distributed training: they inherit SLURM's environment variables.

    Returns:
        The content of the job's metrics.json; empty in all but the first process, which alone writes the file.

    Raises:
        MaesumError: the job failed (its own message is printed above), or torchrun has started this multirun.
    """
    launch = launched()
    if launch is not None and launch.by == "torchrun":
        raise MaesumError("a multirun (-m) starts the processes of its jobs itself; start it without torchrun.")
    config = HydraConfig.get()
    folder = Path(config.runtime.output_dir)
    overrides = _resuming(list(config.overrides.task), folder)
    if "group" not in keys_of(overrides):
        overrides.append(override("group", folder.parent.name))
    own = ["hydra.mode=RUN", override("hydra.run.dir", folder)]
    status = _exit_status([sys.executable, "-m", f"maesum.{command}", *_config_flags(), *overrides, *own])
    if status:
        changed = " ".join(config.overrides.task)
        raise MaesumError(f"job {config.job.num} ({changed}) failed with exit status {status}: {folder}")
    if is_further_rank():
        return {}
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def _exit_status(command: list[str]) -> int:
    """Run a command and wait for its end, even after Ctrl-C: the job receives it too, and saves its state first.

    Raises:
        KeyboardInterrupt: once the job has ended.
    """
    process = subprocess.Popen(command)
    interrupted: KeyboardInterrupt | None = None
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt as interrupt:
            interrupted = interrupt
            if isinstance(interrupt, Ended):  # sent to this process alone
                process.send_signal(interrupt.signum)
            continue
        if interrupted is not None:
            raise interrupted
        return status


def _resuming(overrides: list[str], folder: Path) -> list[str]:
    """Return the overrides of a job of a multirun, without `ckpt=last` if this job has no checkpoint to resume.

    Raises:
        MaesumError: no job in the multirun's folder has a checkpoint, so this is not the folder to resume in.
    """
    others = [each for each in overrides if not _is_last_checkpoint(each)]
    if others == overrides or (folder / LAST).is_file():
        return overrides
    if not list(folder.parent.glob(f"*/{LAST}")):
        raise MaesumError(
            f"{folder.parent}: no run with {LAST} to resume is in this multirun's folder; name that of the multirun "
            "that was stopped by hydra.sweep.dir=, or leave ckpt= out to start anew."
        )
    say(f"{folder}: holds no {LAST}, so this job starts anew")
    return others


def _is_last_checkpoint(argument: str) -> bool:
    override = parsed(argument)
    return override is not None and override.key_or_group == "ckpt" and override.value() == "last"

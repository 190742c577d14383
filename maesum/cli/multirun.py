"""Each job of a Hydra multirun (`-m`) in a process of its own.

Hydra's launchers run jobs within one process. There, DDP would start its other ranks with the arguments of the whole
multirun, W&B would write two jobs into one run, and memory would carry over. So under `-m` a job starts
`python -m maesum.train` anew with its own overrides and waits for it; where, and how many at a time, the launcher
decides.
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
    """Whether this process is a job that a launcher of Hydra's runs, and not yet the job's own."""
    return HydraConfig.get().mode is RunMode.MULTIRUN


def _config_flags() -> list[str]:
    """The flags that lead a job to the config of this multirun, wherever its files lie."""
    config = HydraConfig.get()
    flags = [f"--config-name={config.job.config_name}"]
    for source in config.runtime.config_sources:
        if source.provider == "main":
            flags.append(f"--config-path={'pkg://' if source.schema == 'pkg' else ''}{source.path}")
        if source.provider == "command-line":
            flags.append(f"--config-dir={source.path}")
    return [*flags, *(each for each in config.overrides.hydra if key_of(each) == "hydra.searchpath")]


def run_isolated(command: str) -> dict[str, float]:
    """Run this job of a multirun as `python -m maesum.<command>` and read what it left.

    Its output goes where this process's goes. Runs of one multirun share the W&B group that is named after its folder,
    unless group= says otherwise. Where SLURM runs a job as several tasks (`hydra.launcher.tasks_per_node`), the
    processes that these start are together one training, since they inherit what SLURM says about the tasks.

    Returns:
        The job's metrics.json; nothing in tasks after the first, which may end before the file is written.

    Raises:
        MaesumError: the job failed, what it said stands above; or torchrun has started this multirun.
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
    """Run a command to its end, also where Ctrl-C comes: it reaches the job too, which saves its state before it ends.

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
    """The overrides of one job of a multirun: `ckpt=last` goes on where this job was stopped, if it ever began.

    Raises:
        MaesumError: no job of the multirun has begun, so that its folder is not the one to go on in.
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

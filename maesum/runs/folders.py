"""Make a new folder for the results of each command, and remove it again when the command is refused.

Names carry the second of the start, and jobs of a cluster start in the same second. So a folder belongs to the process
whose `mkdir` has made it; the next process appends `_2` to the name. A folder that the user names is used unchanged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maesum.runs.trace import Trace
from maesum.system.errors import MaesumError
from maesum.system.launch import is_further_rank, told_to_configs

#: Environment variable by which the worker processes of a multirun, whose jobs may have other names, know its folder.
_SWEEP_FOLDER = "MAESUM_SWEEP_FOLDER"
#: Number of attempts to make a folder whose parent keeps vanishing.
_TRIES = 100


class RunFolders:
    """Makes the folders of one command when its config names them, and removes them when the command is refused.

    Args:
        is_of_the_job: tells whether the config that asks for a folder is that of the running job.
    """

    def __init__(self, is_of_the_job: Callable[[Any], bool]) -> None:
        self.is_of_the_job = is_of_the_job
        self._named: dict[str, str] = {}
        self._traces: dict[Path, Trace] = {}

    def note(self, folder: str) -> None:
        """Record the content of a folder before the command works in it."""
        self._traces.setdefault(Path(folder).absolute(), Trace.before(folder))

    def take_back(self, folder: str | Path) -> None:
        """Remove what a refused command has made in its folder, provided that the folder was noted."""
        trace = self._traces.get(Path(folder).absolute())
        if trace is not None and not is_further_rank():
            trace.take_back()

    def remove_empty(self) -> None:
        """Remove the folders that were made and are empty."""
        if not is_further_rank():
            for trace in reversed(self._traces.values()):  # later folders may be inside earlier ones
                trace.remove_empty()

    def make(self, parent: str, name: str) -> str:
        """Make the folder `parent/name` for this process alone: with `_2`, `_3` ... where that is taken."""
        wanted = f"{parent}/{name}"
        if wanted not in self._named:
            first_made = Trace.before(wanted).first_made
            made = self._named[wanted] = _make_alone(wanted)
            folder = Path(made).absolute()
            self._traces[folder] = Trace(folder, first_made if made == wanted else folder, frozenset(), {})
        return self._named[wanted]


#: The folders of the running command; None where configs are only shown, as by --help and --cfg.
_running: RunFolders | None = None


@contextmanager
def making_folders(
    named: str | None = None, is_of_the_job: Callable[[Any], bool] = lambda config: False
) -> Iterator[RunFolders]:
    """Let the config of the command that runs in the block make the folders that it names.

    Args:
        named: the folder that the user has named for the run; None = none.
        is_of_the_job: tells whether the config that asks for a folder is that of the running job; other configs are
            only shown, and make no folder.
    """
    global _running
    before, _running = _running, RunFolders(is_of_the_job)
    of_another = os.environ.pop(_SWEEP_FOLDER, None)  # this command may have been started by a job of a multirun
    try:
        if named is not None:
            _running.note(named)
        yield _running
    finally:
        _running.remove_empty()
        _running = before
        os.environ.pop(_SWEEP_FOLDER, None)
        if of_another is not None:
            os.environ[_SWEEP_FOLDER] = of_another


def new_folder(parent: str, _root_: Any = None) -> str:
    """Return a new folder for a run, as the resolver `${new_folder:PARENT}`, named by the time.

    Under torchrun or srun, all processes work in one folder. So it has a name that all of them know, and may exist.

    Args:
        parent: the folder that it is in.
        _root_: the config that asks, from OmegaConf. A config that is still being composed asks as well, for a value
            that another file then overrides.

    Raises:
        MaesumError: the folder cannot be made, or torchrun was given no name for it.
    """
    shared = told_to_configs("folder")
    if shared is not None:
        return _noted(f"{parent}/{shared}")
    if _running is None or not _is_of_the_job(_root_):
        return f"{parent}/{_now()}"
    return _running.make(parent, _now())


def slurm_folder(parent: str) -> str:
    """Return the folder of a whole SLURM job, queued again or not, as the resolver `${slurm_folder:PARENT}`.

    Raises:
        MaesumError: there is no SLURM job.
    """
    return _noted(f"{parent}/{told_to_configs('slurm_job')}")


def sweep_folder(parent: str) -> str:
    """Return the folder of a multirun, as the resolver `${sweep_folder:PARENT}`.

    Jobs that change the parent get the same name in it.

    Raises:
        MaesumError: the folder cannot be made.
    """
    name = os.environ.get(_SWEEP_FOLDER)
    if name is None and _running is not None:
        name = os.environ[_SWEEP_FOLDER] = Path(_running.make(parent, f"sweep_{_now()}")).name
    return f"{parent}/{name or f'sweep_{_now()}'}"


def _is_of_the_job(config: Any) -> bool:
    return _running is not None and _running.is_of_the_job(config)


def _noted(folder: str) -> str:
    if _running is not None:
        _running.note(folder)
    return folder


def _now() -> str:
    return time.strftime("%Y-%m-%d_%H-%M-%S")


def _make_alone(wanted: str) -> str:
    """Make a folder that did not exist, under the wanted name or the next free one."""
    tries, number = 0, 1
    while True:
        folder = wanted if number == 1 else f"{wanted}_{number}"
        try:
            os.makedirs(folder)  # fails where it exists, so that one process alone can make it
            return folder
        except FileExistsError:
            number += 1
        except OSError as error:
            tries += isinstance(error, FileNotFoundError)  # another, refused command has removed the empty parent
            if not 0 < tries < _TRIES:
                raise MaesumError(
                    f"{folder}: this folder for the results cannot be made ({error.strerror}); work in a folder that "
                    "may be written, or name another by hydra.run.dir= (predict, evaluate and summarize: by out=)."
                ) from None

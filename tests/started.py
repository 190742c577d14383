"""Commands in processes of their own, without the seconds that each would take to import torch and Lightning.

A process starts as a fork of one that has imported them and done nothing else (multiprocessing's fork server). It has
its own number, process group, signals, environment and standard streams; what it starts itself, as the other ranks of a
training, are processes of Python's from the beginning.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["maesum", "lightning", "maesum.methods.job", "maesum.methods.pretraining", __name__])


class Started:
    """A process of `python -m maesum.<command>`, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, command: str, *arguments: str, folder: Path, cache: Path | None, **environment: str) -> None:
        """Start it in a folder, in a process group of its own; the demo set comes from and goes to `cache`."""
        own = {"OMP_NUM_THREADS": "1", "COLUMNS": "120", **environment}
        if cache is not None:
            own["MAESUM_CACHE"] = str(cache)
        inherited = {name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"}
        self._printed = [Path(tempfile.mkstemp(prefix=stream)[1]) for stream in ("stdout", "stderr")]
        files = tuple(map(str, self._printed))
        self._process = _SERVER.Process(
            target=_run, args=(f"maesum.{command}", list(arguments), str(folder), inherited | own, files), daemon=False
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, the negative number of the signal that ended it, or None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; what it printed on both streams.

        Raises:
            subprocess.TimeoutExpired: it runs on after `timeout` seconds.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        stdout, stderr = (path.read_text(encoding="utf-8", errors="replace") for path in self._printed)
        return stdout, stderr


def _run(module: str, arguments: list[str], folder: str, environment: dict[str, str], files: tuple[str, str]) -> None:
    """Become the process of a command."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream, path in zip((sys.stdout, sys.stderr), files, strict=True):
        stream.flush()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()

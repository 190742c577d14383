"""Running the project's commands as a user does."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, open_dict

from maesum.cli.entry import EXIT_USER_ERROR, explain
from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.system.errors import MaesumError
from tests.started import Started

#: Overrides that make any training run a matter of seconds.
SECONDS = [
    "+scale=demo", "epochs=2", "warmup_epochs=1", "batch_size=32", "data.clips_per_video=1", "model.encoder_dim=16",
    "model.encoder_depth=1", "model.encoder_heads=2", "model.decoder_dim=16", "model.decoder_depth=1",
    "model.decoder_heads=2",
]  # fmt: skip


def maesum(command: str, *arguments: str, folder: Path, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `python -m maesum.<command>` in a folder; the demo set comes from and goes to `cache`."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", "COLUMNS": "120"}
    environment.pop("HYDRA_FULL_ERROR", None)
    if cache is not None:
        environment["MAESUM_CACHE"] = str(cache)
    return subprocess.run(
        [sys.executable, "-m", f"maesum.{command}", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def maesum_forked(
    command: str, *arguments: str, folder: Path, cache: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The same in a process that need not import torch first; not for multiruns, whose launchers start workers."""
    process = Started(command, *arguments, folder=folder, cache=cache, WANDB_MODE="offline")
    try:
        stdout, stderr = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode is not None
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def maesum_here(
    command: str, *arguments: str, folder: Path, cache: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The same within this process: seconds faster, since torch is loaded already."""
    main = importlib.import_module(f"maesum.{command}").main
    code = 0
    with _as_in(folder, cache) as (stdout, stderr), mock.patch.object(sys, "argv", [f"maesum.{command}", *arguments]):
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return subprocess.CompletedProcess(arguments, code, stdout.getvalue(), stderr.getvalue())


def work_here(command: str, *arguments: str, folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """What a command does with its composed config, which is composed once and kept: many times faster than all of it.

    An error of the user or of the file system is answered as the command answers it; any other is raised.
    """
    work = getattr(importlib.import_module(f"maesum.{command}"), command)
    config, of_hydra = copy.deepcopy(_composed(command, arguments))
    code = 0
    with _as_in(folder, cache) as (stdout, stderr), mock.patch.object(HydraConfig.instance(), "cfg", of_hydra):
        try:
            work(config)
        except (MaesumError, OSError) as error:
            code = EXIT_USER_ERROR
            print(f"error: {explain(error)}", file=stderr)
    return subprocess.CompletedProcess(arguments, code, stdout.getvalue(), stderr.getvalue())


@functools.cache
def _composed(command: str, arguments: tuple[str, ...]) -> tuple[DictConfig, Any]:
    """The config that Hydra composes for a command, and Hydra's own."""
    register_schemas()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose(command, list(arguments), return_hydra_config=True)
    of_hydra = copy.deepcopy(config)
    with open_dict(config):
        del config["hydra"]
    return config, of_hydra


@contextlib.contextmanager
def _as_in(folder: Path, cache: Path | None) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """The working directory, cache, log and standard streams of a command that runs in a folder."""
    stdout, stderr, before = io.StringIO(), io.StringIO(), os.getcwd()
    environment = {"MAESUM_CACHE": str(cache)} if cache is not None else {}
    os.chdir(folder)
    try:
        with (
            mock.patch.dict(os.environ, environment),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
            _own_log(),
        ):
            yield stdout, stderr
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _own_log() -> Iterator[None]:
    """What a command logs to ends with it: its file lies in a folder that may be gone when another test logs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)


def user_error(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a user's mistake is answered with; fails where it is anything else."""
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: "), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return lines[0]

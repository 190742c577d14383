"""Running the project's commands as a user does."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

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


def maesum_here(
    command: str, *arguments: str, folder: Path, cache: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The same within this process: seconds faster, since torch is loaded already."""
    main = importlib.import_module(f"maesum.{command}").main
    stdout, stderr, code = io.StringIO(), io.StringIO(), 0
    environment = {"MAESUM_CACHE": str(cache)} if cache is not None else {}
    before = os.getcwd()
    os.chdir(folder)
    try:
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(sys, "argv", [f"maesum.{command}", *arguments]),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
            _own_log(),
        ):
            main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        os.chdir(before)
    return subprocess.CompletedProcess(arguments, code, stdout.getvalue(), stderr.getvalue())


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

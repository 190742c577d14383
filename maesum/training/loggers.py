"""Build the loggers of a training from `logger=`; W&B is started, or refused where it cannot start, before any work."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from maesum.runs.provenance import write_text
from maesum.system.errors import MaesumError, first_line

#: File in the run's folder with the id of its W&B run and the folder, a line each, so that a resumed training continues
#: the same curve, and one that goes on in a copy of the folder begins another.
RUN_ID = "wandb_run_id"
_OTHERWISE = "or set WANDB_MODE=offline to log into the run's folder, or leave wandb out of logger="
#: Seconds to wait for W&B's server: first for a connection, then for the start of a run.
_REACH, _START = 5, 30


def build_loggers(settings: Mapping[str, Any], folder: Path) -> list[Logger]:
    """Build every logger of `logger=`; W&B's continues the W&B run whose id is in the folder.

    Args:
        settings: the `_target_` and arguments of each logger, by name.
        folder: the run's folder.

    Raises:
        MaesumError: the file with the id holds something else.
    """
    return [_build(each, folder) for each in settings.values()]


def start_loggers(loggers: Iterable[Logger], folder: Path) -> None:
    """Start the loggers that need a server, before anything else is written into the folder.

    Raises:
        MaesumError: W&B is asked for without a login, or its server is out of reach; the folder is left without a
            trace of it.
    """
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            _start(logger, folder)


def _build(settings: Any, folder: Path) -> Logger:
    logger = instantiate(settings)
    if isinstance(logger, WandbLogger) and logger.version is None:
        known = _own_id(folder)
        return logger if known is None else instantiate(settings, id=known)
    return logger


@rank_zero_only
def _start(logger: WandbLogger, folder: Path) -> None:
    """Start the W&B run, or continue the one whose id is in the folder, and write the id there."""
    import wandb

    was_there = (folder / "wandb").exists()
    logger._wandb_init.setdefault("settings", wandb.Settings(init_timeout=_START))
    try:
        if not (logger._offline or wandb.setup().settings._offline):
            _check_reachable(wandb.setup().settings.base_url)
        run = logger.experiment
    except wandb.Error as error:
        if not was_there:
            shutil.rmtree(folder / "wandb", ignore_errors=True)
        raise MaesumError(_explained(error)) from None
    if not getattr(run, "disabled", False):
        write_text(folder / RUN_ID, f"{run.id}\n{folder.resolve()}\n")


def _explained(error: Exception) -> str:
    text = first_line(error)
    if "log in" in text.lower() or "api key" in text.lower() or "API_KEY" in text:
        return f"logger=wandb: nobody is logged in to W&B here ({text}); log in with: wandb login, {_OTHERWISE}."
    return f"logger=wandb: W&B cannot start a run ({text}); check the network and the key of wandb login, {_OTHERWISE}."


def _check_reachable(url: str) -> None:
    """Refuse within seconds a server that cannot be reached, which W&B itself would report after minutes."""
    if getproxies().keys() & {"http", "https", "all"}:
        return  # W&B connects through the proxy
    parts = urlsplit(url)
    try:
        port = parts.port or (80 if parts.scheme == "http" else 443)
        socket.create_connection((parts.hostname or "", port), timeout=_REACH).close()
    except OSError as error:
        raise MaesumError(
            f"logger=wandb: W&B's server {parts.hostname} cannot be reached ({error.strerror or error}); check the "
            f"network, {_OTHERWISE}."
        ) from None


def _own_id(folder: Path) -> str | None:
    """Return the id that an earlier start noted for this folder; None where it is a copy of a folder still there."""
    known, noted_in = _read_note(folder / RUN_ID)
    if noted_in is None or noted_in == str(folder.resolve()):
        return known
    try:
        original, _ = _read_note(Path(noted_in) / RUN_ID)
    except (MaesumError, OSError, ValueError):
        return known  # it holds nothing of this run any more, so the folder was moved
    return None if original == known else known


def _read_note(path: Path) -> tuple[str | None, str | None]:
    """Return the id of a W&B run and the folder that it was noted in, as far as an earlier start has noted them.

    Raises:
        MaesumError: the noted id is none.
    """
    if not path.is_file():
        return None, None
    found, _, folder = path.read_text(encoding="utf-8", errors="replace").strip().partition("\n")
    if not re.fullmatch(r"[\w-]{1,128}", found, re.ASCII):
        raise MaesumError(
            f"{path}: holds {found[:40]!r}, wanted the id of a W&B run; delete the file to begin another."
        )
    return found, folder or None

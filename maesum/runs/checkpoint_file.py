"""Check a checkpoint file without loading it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from maesum.runs.provenance import LAST
from maesum.system.errors import MaesumError, first_line


def check_checkpoint_file(path: str | Path) -> None:
    """Refuse a path that is no checkpoint file, before torch is even loaded.

    Whether its weights are whole and fit is checked when it is read (`maesum.training.checkpoints`).

    Raises:
        MaesumError: the file is missing, or is not a zip archive, as checkpoints are.
    """
    path = Path(path)
    if not path.is_file():
        of_run = path / LAST
        hint = f"it is a run's folder, so name {of_run}" if of_run.is_file() else "name one of python -m maesum.train"
        raise MaesumError(f"{path}: no such checkpoint file; {hint}.")
    try:
        zipfile.ZipFile(path).close()
    except Exception as error:  # zipfile raises whatever a damaged header leads it to
        raise MaesumError(f"{path}: not a readable checkpoint ({first_line(error)}).") from None

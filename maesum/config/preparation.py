"""Keys of `python -m maesum.prepare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING


@dataclass
class PrepareConfig:
    """What is read and what is written."""

    source: Any = MISSING  # conf/source: an importer and its options, typed in maesum.config.sources
    input: Any = MISSING  # the published file or folder, or a list of files where the source takes several
    out: str = MISSING  # the file to write, or the folder where the source writes several

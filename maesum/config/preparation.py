"""Keys of `python -m maesum.prepare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING


@dataclass
class PrepareConfig:
    """`python -m maesum.prepare`: bring published files into the project's formats."""

    source: Any = MISSING  # conf/source: an importer and its options, typed in maesum.data.sources.schemas
    input: str = MISSING  # the published file or folder
    out: str = MISSING  # the file to write, or the folder for two

"""Define the keys of `python -m maesum.prepare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from maesum.config.fields import setting


@dataclass
class PrepareConfig:
    """Input and output."""

    source: Any = setting(MISSING, "importer and its options (conf/source), typed in maesum.config.sources")
    input: Any = setting(
        MISSING, "the published file or folder to read, or a list of files if the source takes several", is_text=True
    )
    out: str = setting(
        MISSING, "the file to write, or the folder to write into if the source writes several files", is_text=True
    )

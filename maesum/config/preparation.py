"""Keys of `python -m maesum.prepare`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from maesum.config.fields import setting


@dataclass
class PrepareConfig:
    """What is read and what is written."""

    source: Any = setting(MISSING, "conf/source: an importer and its options, typed in maesum.config.sources")
    input: Any = setting(
        MISSING, "the published file or folder, or a list of files where the source takes several", is_text=True
    )
    out: str = setting(MISSING, "the file to write, or the folder where the source writes several", is_text=True)

"""Settings that several methods share; those of one method alone stand in its file, maesum/methods/<name>.py."""

from __future__ import annotations

from dataclasses import dataclass

from maesum.config.fields import setting


@dataclass
class VideoSettings:
    """What every method on whole videos takes."""

    every: int = setting(15, "keep every k-th frame: 15 makes 2 frames a second of 30", at_least=1)

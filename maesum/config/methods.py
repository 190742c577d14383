"""Settings that several methods share; those of one method alone stand in its file, maesum/methods/<name>.py."""

from __future__ import annotations

from dataclasses import dataclass

from maesum.config.fields import setting


@dataclass
class VideoSettings:
    """What every method on whole videos takes."""

    every: int = setting(
        15,
        "keep every k-th frame of a video, of which a features file may hold fewer: 15 makes 2 a second of 30",
        at_least=1,
    )

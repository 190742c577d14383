"""Define the settings that several methods share; those of a single method are in maesum/methods/<name>.py."""

from __future__ import annotations

from dataclasses import dataclass

from maesum.config.fields import setting


@dataclass
class VideoSettings:
    """Settings of every method on whole videos."""

    every: int = setting(
        15,
        "keep every k-th frame of a video, counted in frames of the video: 15 keeps 2 of 30 frames per second",
        at_least=1,
    )

"""How windows are laid around the frames to score, and batched."""

from __future__ import annotations

from dataclasses import dataclass

from maesum.data import sampling
from maesum.system.errors import MaesumError


@dataclass
class ScoringSettings:
    """How windows are laid and batched.

    Attributes:
        target_position: where in its window (0-based) the scored frame stands; 15 of 30 spans t - 15 s .. t + 14 s.
        boundary: what a window does at the ends of a video: reflect, replicate or shift (see `sampling.windows`).
        batch_size: windows at a time; None = 64 on a processor, 1,024 on a GPU.
        precision: "32", or "bf16" for the network (the cosine is always taken in float32: rounded to bf16 a video keeps
            about 43 distinct values, and tau moves).
        every: score every k-th frame only and interpolate between them linearly; 1 = every frame, as the paper does.
    """

    target_position: int = 15
    boundary: str = "reflect"
    batch_size: int | None = None
    precision: str = "32"
    every: int = 1

    def __post_init__(self) -> None:
        choices = {"boundary": sampling.BOUNDARIES, "precision": ("32", "bf16")}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise MaesumError(f"scoring.{name} is {getattr(self, name)!r}, wanted one of {', '.join(allowed)}.")
        for name, lowest in {"batch_size": 1, "every": 1, "target_position": 0}.items():
            if getattr(self, name) is not None and getattr(self, name) < lowest:
                raise MaesumError(f"scoring.{name} is {getattr(self, name)}, wanted at least {lowest}.")

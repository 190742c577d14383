"""Describe where features come from, and compare those at hand with those that a model was trained on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

UNKNOWN = "unknown"

#: Far above any real one; larger numbers would overflow where they are multiplied by a row number.
LARGEST_STEP = 1_000_000


def rows_apart(every: int, frame_step: int) -> int:
    """Return the distance in rows between kept rows, if every `every`-th frame of the video is wanted.

    Where the file's own step does not divide `every`, this is the nearest number of rows. It is at least 1: all rows
    are kept of a file that is coarser than wanted.
    """
    return max(1, (2 * every + frame_step) // (2 * frame_step))


def frames_kept(every: int, frame_step: int) -> str | None:
    """Return a clause that says which frames are kept; None where these are exactly every `every`-th frame."""
    found = rows_apart(every, frame_step) * frame_step
    if found == every:
        return None
    if frame_step > every:
        return f"hold one frame in {frame_step}, fewer than every={every} asks for; all are taken"
    return f"hold one frame in {frame_step}, so every={every} takes one frame in {found}"


@dataclass(frozen=True)
class FeatureOrigin:
    """How features were computed, and from which frames.

    Attributes:
        backbone: free text, e.g. "googlenet pool5", or "unknown".
        preprocessing: free text, or "unknown".
        frame_step: 15 where every 15th frame has features, 1 where every frame has.
    """

    backbone: str = UNKNOWN
    preprocessing: str = UNKNOWN
    frame_step: int = 1

    def to_plain(self) -> dict[str, str | int]:
        """Return the fields by name, as files keep them."""
        return asdict(self)

    @classmethod
    def from_plain(cls, fields: Any) -> FeatureOrigin:
        """Make an origin from the result of `to_plain`.

        Raises:
            ValueError: the fields are not those of an origin.
        """
        if not isinstance(fields, dict) or fields.keys() != asdict(cls()).keys():
            raise ValueError(f"wanted {', '.join(asdict(cls()))}")
        for name in ("backbone", "preprocessing"):
            if not isinstance(fields[name], str):
                raise ValueError(f"{name} is {fields[name]!r}, wanted text")
        step = fields["frame_step"]
        if type(step) is not int or not 1 <= step <= LARGEST_STEP:
            raise ValueError(f"frame_step is {step!r}, wanted a whole number from 1 to {LARGEST_STEP}")
        return cls(**fields)

    def density(self) -> str:
        """Return in words which frames have features."""
        return "every frame" if self.frame_step == 1 else f"one frame in {self.frame_step}"

    def is_of_another_backbone(self, other: FeatureOrigin) -> bool:
        """Return whether two backbones differ by their names: both are known and their first words differ.

        ("googlenet" and "GoogLeNet pool5" name the same network.)
        """
        one, two = (origin.backbone.casefold().split()[:1] or [UNKNOWN] for origin in (self, other))
        return one != two and [UNKNOWN] not in (one, two)


def differences(given: FeatureOrigin, trained_on: FeatureOrigin | None, stride: int = 1) -> list[str]:
    """Return warnings on how features differ from those that a model was trained on.

    Names are free text, so none of this is an error.

    Args:
        trained_on: origin of the model's training features; None = unknown.
        stride: the scoring stride in rows, to say how many frames it is.

    Returns:
        A line each on the backbone and the frames that have features; nothing where they agree.
    """
    lines: list[str] = []
    if trained_on is None:
        return lines
    if given.is_of_another_backbone(trained_on):
        lines.append(
            f"features are of backbone {given.backbone!r}, but the model was trained on {trained_on.backbone!r}"
        )
    if given.frame_step != trained_on.frame_step:
        before = stride * trained_on.frame_step
        lines.append(
            f"{in_frames(given, stride)}; the model was trained on {trained_on.density()}, where that is {before}"
        )
    return lines


def in_frames(given: FeatureOrigin, stride: int) -> str:
    """Return in words how many frames of the video a stride over feature rows is."""
    frames = stride * given.frame_step
    return f"features hold {given.density()}, so stride {stride} is {frames} frame{'s' * (frames > 1)}"


def training_attributes(trained_on: FeatureOrigin | None) -> dict[str, str | int]:
    """Return the attributes of a scores file on the features its model was trained on; empty if unknown."""
    known = {} if trained_on is None else trained_on.to_plain()
    return {f"trained_on_{name}": value for name, value in known.items()}

"""Define the options that importers share, which `python -m maesum.prepare` takes as `source.<option>=`.

Each declares its own in its file, maesum/data/sources/<name>.py; a file in conf/source names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omegaconf import II, MISSING

from maesum.config.fields import LARGEST_SEED, setting

#: A training clip has 30 frames (paper, section 4.3), so a video with fewer cannot give one.
MIN_FRAMES = 30
#: The dtypes that features may be stored in.
FEATURE_TYPES = ("float16", "float32")


class ShortPolicy(Enum):
    """What to do with a video that has fewer than `min_frames` feature rows."""

    error = "error"
    drop = "drop"
    pad = "pad"


@dataclass
class FileSource:
    """Input and output of every importer that reads files: the `input=` and `out=` of the command."""

    _target_: str = MISSING
    input: str = II("input")
    out: str = II("out")


@dataclass
class DemoSource:
    """Maker of the synthetic demo set, see maesum.data.demo; it reads nothing, so it takes no `input=`."""

    _target_: str = "maesum.data.demo.make_demo"
    out: str = II("out")
    seed: int = setting(0, "random seed of the synthetic data", at_least=0, at_most=LARGEST_SEED)

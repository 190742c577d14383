"""The options of every importer, typed: what `source.<option>=` takes on the command line of maesum.prepare.

A source is an importer function (`_target_`), its schema here, and a file in conf/source that names the schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from omegaconf import II, MISSING

from maesum.config.fields import LARGEST_SEED, setting

#: A training clip has 30 frames (paper, section 4.3), so a video with fewer cannot give one.
MIN_FRAMES = 30
#: How features are stored.
FEATURE_TYPES = ("float16", "float32")


class ShortPolicy(Enum):
    """What to do with a video that has fewer than `min_frames` feature rows."""

    error = "error"
    drop = "drop"
    pad = "pad"


@dataclass
class FileSource:
    """Where every importer of files reads and writes: the command's own `input=` and `out=`."""

    _target_: str = MISSING
    input: str = II("input")
    out: str = II("out")


@dataclass
class TvsumSource(FileSource):
    """TVSum annotations, see maesum.data.sources.tvsum."""

    _target_: str = "maesum.data.sources.tvsum.import_tvsum"


@dataclass
class SummeSource(FileSource):
    """SumMe annotations, see maesum.data.sources.summe."""

    _target_: str = "maesum.data.sources.summe.import_summe"


@dataclass
class FinegymSource(FileSource):
    """FineGym event tracks, see maesum.data.sources.finegym."""

    _target_: str = "maesum.data.sources.finegym.import_finegym"
    input: Any = setting(II("input"), "the folder of both instance lists, or a list of files", is_text=True)
    ids: str = setting(MISSING, "text file: the videos to keep, one id a line", is_text=True)
    videos: str = setting(MISSING, "CSV with video_id,fps,n_frames or a features file that holds fps", is_text=True)


@dataclass
class NpySource(FileSource):
    """A folder of feature arrays, see maesum.data.sources.npy_folder."""

    _target_: str = "maesum.data.sources.npy_folder.import_npy_folder"
    only: str | None = setting(None, "text file: the ids to keep", is_text=True)
    exclude: str | None = setting(None, "text file: the ids to leave out", is_text=True)
    dtype: str = setting("float16", "or float32", choices=FEATURE_TYPES)
    fps: float | None = setting(None, "frames per second of the feature rows, if all videos share it", above=0)
    short: ShortPolicy = setting(ShortPolicy.error, "what to do with videos below min_frames: error, drop or pad")
    min_frames: int = setting(MIN_FRAMES, "of a video: as many as a training clip or scoring window takes", at_least=1)
    backbone: str = setting("unknown", "what computed the features, kept in the file", is_text=True)
    preprocessing: str = setting("unknown", "how frames were prepared for it, kept in the file", is_text=True)


@dataclass
class Eccv16Source(FileSource):
    """An eccv16_dataset_*_google_pool5.h5 file, see maesum.data.sources.eccv16."""

    _target_: str = "maesum.data.sources.eccv16.import_eccv16"
    name: str | None = setting(
        None, 'the benchmark\'s name; by default the part of the file name that says it, e.g. "tvsum"', is_text=True
    )
    fps: float | None = setting(None, "frames per second of the videos, where the file does not tell", above=0)
    backbone: str | None = setting(
        None, "what computed the features; by default googlenet pool5 of the public files", is_text=True
    )
    dtype: str = setting("float16", "or float32", choices=FEATURE_TYPES)
    short: ShortPolicy = setting(
        ShortPolicy.error, "what to do with videos below min_frames feature rows: error or drop"
    )
    min_frames: int = setting(MIN_FRAMES, "of a video: as many as a training clip or scoring window takes", at_least=1)


@dataclass
class DemoSource:
    """The synthetic demo set, see maesum.data.demo; it reads nothing, so it takes no `input=`."""

    _target_: str = "maesum.data.demo.make_demo"
    out: str = II("out")
    seed: int = setting(0, "another one makes another set", at_least=0, at_most=LARGEST_SEED)


#: Each source's schema under the name that `source=` takes.
SOURCE_SCHEMAS: dict[str, type] = {
    "tvsum": TvsumSource,
    "summe": SummeSource,
    "finegym": FinegymSource,
    "npy": NpySource,
    "eccv16": Eccv16Source,
    "demo": DemoSource,
}

"""Define the options of every importer and their types: what `source.<option>=` takes in maesum.prepare.

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
class TvsumSource(FileSource):
    """Importer of TVSum annotations, see maesum.data.sources.tvsum."""

    _target_: str = "maesum.data.sources.tvsum.import_tvsum"


@dataclass
class SummeSource(FileSource):
    """Importer of SumMe annotations, see maesum.data.sources.summe."""

    _target_: str = "maesum.data.sources.summe.import_summe"


@dataclass
class FinegymSource(FileSource):
    """Importer of FineGym event tracks, see maesum.data.sources.finegym."""

    _target_: str = "maesum.data.sources.finegym.import_finegym"
    input: Any = setting(II("input"), "folder of both instance lists, or a list of files", is_text=True)
    ids: str = setting(MISSING, "text file with the ids of the videos to keep, one per line", is_text=True)
    videos: str = setting(
        MISSING,
        "frame rates and lengths of the videos: a CSV with video_id,fps,n_frames or a features file that holds fps",
        is_text=True,
    )


@dataclass
class NpySource(FileSource):
    """Importer of a folder of feature arrays, see maesum.data.sources.npy_folder."""

    _target_: str = "maesum.data.sources.npy_folder.import_npy_folder"
    only: str | None = setting(None, "text file with the ids of the videos to keep; null: all", is_text=True)
    exclude: str | None = setting(None, "text file with the ids of the videos to leave out", is_text=True)
    dtype: str = setting("float16", "type of the stored features: float16 or float32", choices=FEATURE_TYPES)
    fps: float | None = setting(None, "feature rows per second, if it is the same for all videos", above=0)
    short: ShortPolicy = setting(
        ShortPolicy.error, "what to do with videos of fewer than source.min_frames rows: error, drop or pad"
    )
    min_frames: int = setting(
        MIN_FRAMES, "smallest number of feature rows of a video: the length of a training clip", at_least=1
    )
    backbone: str = setting("unknown", "network that computed the features, noted in the file", is_text=True)
    preprocessing: str = setting(
        "unknown", "how frames were prepared for that network, noted in the file", is_text=True
    )


@dataclass
class Eccv16Source(FileSource):
    """Importer of an eccv16_dataset_*_google_pool5.h5 file, see maesum.data.sources.eccv16."""

    _target_: str = "maesum.data.sources.eccv16.import_eccv16"
    name: str | None = setting(
        None, 'name of the benchmark; by default taken from the file name, e.g. "tvsum"', is_text=True
    )
    fps: float | None = setting(None, "frames per second of the videos, if the file does not hold it", above=0)
    backbone: str | None = setting(
        None, "network that computed the features; by default the public files' GoogLeNet pool5", is_text=True
    )
    dtype: str = setting("float16", "type of the stored features: float16 or float32", choices=FEATURE_TYPES)
    short: ShortPolicy = setting(
        ShortPolicy.error, "what to do with videos of fewer than source.min_frames feature rows: error or drop"
    )
    min_frames: int = setting(
        MIN_FRAMES, "smallest number of feature rows of a video: the length of a training clip", at_least=1
    )


@dataclass
class DemoSource:
    """Maker of the synthetic demo set, see maesum.data.demo; it reads nothing, so it takes no `input=`."""

    _target_: str = "maesum.data.demo.make_demo"
    out: str = II("out")
    seed: int = setting(0, "random seed that the demo set is made from", at_least=0, at_most=LARGEST_SEED)


#: The schema of each source, by the name that `source=` takes.
SOURCE_SCHEMAS: dict[str, type] = {
    "tvsum": TvsumSource,
    "summe": SummeSource,
    "finegym": FinegymSource,
    "npy": NpySource,
    "eccv16": Eccv16Source,
    "demo": DemoSource,
}

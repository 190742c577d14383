"""Convert published annotations and features, or arrays of your own, to the project's file formats.

    python -m maesum.prepare source=npy input=FOLDER_OF_ARRAYS out=data/mine/features.h5
    python -m maesum.prepare source=tvsum input=ydata-tvsum50.mat out=data/tvsum/annotations.h5
    python -m maesum.prepare source=eccv16 input=eccv16_dataset_tvsum_google_pool5.h5 out=data/pool5
    python -m maesum.prepare source=demo out=data/demo

Help on the keys of one source: python -m maesum.prepare source=npy --help
"""

from __future__ import annotations

import shlex
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from maesum.cli.entry import entry_point
from maesum.config.checking import checked
from maesum.system.errors import MaesumError
from maesum.system.printing import say


def prepare(config: DictConfig) -> None:
    """Run the importer that `source` names, and print a description of each file that it wrote."""
    from hydra.utils import instantiate

    missing = _missing_keys(config)
    if missing:
        raise MaesumError(
            f"{', '.join(f'{key}=' for key in missing)} must be given on the command line; --help explains them."
        )
    source = checked(config.source, object, "source.")
    importer = instantiate(source, _partial_=True)  # called below, so that its errors reach the user as they are
    for path in importer():
        say(describe(path))


def _missing_keys(config: DictConfig) -> list[str]:
    """Return the required keys that were not given; `input` is required only if the source has this option."""
    options = list(config.source.keys())
    common = [key for key in ("input", "out") if key in options and OmegaConf.is_missing(config, key)]
    return common + [f"source.{key}" for key in options if OmegaConf.is_missing(config.source, key)]


def describe(path: Path) -> str:
    """Return one line on a features or benchmark file: videos, frames, users or channels, size, and how to use it."""
    from maesum.data.hdf5 import open_hdf5, read_attribute
    from maesum.data.user_scores import RAW

    megabytes = path.stat().st_size / 1e6
    if path.suffix != ".h5":
        return f"{path}: {megabytes:.1f} MB"
    with open_hdf5(path) as file:
        if read_attribute(file, "format") == "maesum-features":
            features = file["features"]
            frames, width = features.shape
            return (
                f"{path}: features of {len(file['video_ids'])} videos, {frames:,} frames x {width} {features.dtype}, "
                f"{megabytes:.1f} MB; train on them with: python -m maesum.train data=features "
                f"data.features={shlex.quote(str(path))} benchmark=[]"
            )
        shapes = [file[video_id]["user_scores"].shape for video_id in file["video_ids"].asstr()]
        name, kind, held = (read_attribute(file, field) for field in ("name", "kind", "user_scores"))
    what = kind if held in (None, RAW) else f"{kind}: {held}"
    users = sorted({shape[0] for shape in shapes})
    per_video = f"{users[0]}" if len(users) == 1 else f"{users[0]} to {users[-1]}"
    frames = sum(shape[1] for shape in shapes)
    return (
        f"{path}: benchmark {name} ({what}) of {len(shapes)} videos, {frames:,} frames, {per_video} user(s) per video, "
        f"{megabytes:.1f} MB"
    )


main = entry_point("prepare", prepare)

if __name__ == "__main__":
    main()

"""Compute frame features of videos with any backbone; an extraction that was stopped continues.

    python -m maesum.extract videos=FOLDER out=features.h5 backbone=efficientnet_lite0
    python -m maesum.extract videos=k400 ids=kinetics400_val.csv out=k400.h5 backbone=googlenet
    python -m maesum.extract -m videos=k400 out=k400.h5 shard=1/2,2/2 hydra/launcher=submitit_slurm

Needs the extra vision: pip install 'maesum[vision]'.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.cli.instantiating import prepared, target_of
from maesum.config.checking import checked
from maesum.config.values import parse_shard
from maesum.config.videos import ExtractConfig
from maesum.system.files import check_file_writable
from maesum.system.printing import say
from maesum.vision.inputs import build_encoder, chosen_videos, require_vision_packages

#: The largest number of videos that are named on the screen.
_NAMED = 5

if TYPE_CHECKING:
    from maesum.vision.extraction import Extracted


def extract(config: DictConfig) -> None:
    """Extract the videos that the config names, or this shard's part of them, and print a description of the result."""
    settings = checked(config, ExtractConfig)
    require_vision_packages()
    from maesum.vision.videos import shard_of, shard_path

    number, count = parse_shard(settings.shard)
    out = shard_path(Path(settings.out), number, count)
    check_file_writable(out)
    videos = shard_of(chosen_videos(settings), number, count)

    from maesum.vision import extraction  # torch loads only once the videos are found

    # The other videos are in the other shards: one that stayed in this file would be in two files.
    others: extraction.Others = "keep" if count == 1 else "refuse"
    shard = (number, count) if count > 1 else None
    encoder = build_encoder(settings, prepared(settings.backbone, "backbone"), target_of(settings.backbone))
    done = extraction.extract(videos, out, encoder, settings.every, settings.workers, others=others, shard=shard)
    say(describe(done))


def describe(done: Extracted) -> str:
    """Return a description of what an extraction did, in one or a few lines."""
    from maesum.data.store import FeatureStore

    store = FeatureStore(done.path)
    rows = int(store.offsets[-1])
    dtype = str(store.dtype).removeprefix("torch.")
    lines = [
        f"{done.path}: {len(store):,} videos, {rows:,} frames x {store.dim} {dtype}, "
        f"{done.path.stat().st_size / 1e6:.1f} MB"
    ]
    if done.frames:
        lines[0] += (
            f"; {done.frames:,} frames in {done.seconds:.0f} s, {done.frames / max(done.seconds, 1e-9):.0f} frames/s"
        )
    if done.videos_before:
        lines[0] += f"; {done.videos_before:,} videos were done before"
    if done.others:
        lines.append(f"{done.path}: {done.others:,} of them are not among videos= now; they were kept in the file")
    if done.changed:
        names = listed(done.changed)
        lines.append(f"{done.path}: extracted again, since their files have changed: {names}")
    lines += [f"warning: {text}" for text in first_warnings(done)]
    if done.failures:
        lines.append(f"{done.failures_path}: {len(done.failures):,} videos could not be read; the file says why")
    return "\n".join(lines)


def first_warnings(done: Extracted) -> list[str]:
    """Return the warnings on damaged videos that were used: the first few, and the file that lists the others."""
    texts = [f"{video_id}: {remark}" for video_id, remark in done.remarks.items()]
    more = [f"{len(texts) - _NAMED} more are in {done.warnings_path}"] if len(texts) > _NAMED else []
    return texts[:_NAMED] + more


def listed(names: Sequence[str]) -> str:
    """Return the first few names in one text, with the number of the others."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


main = entry_point("extract", extract)

if __name__ == "__main__":
    main()

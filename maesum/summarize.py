"""Summarise videos, with a page that shows the scores; without ckpt= a small model is trained on the videos themselves.

    python -m maesum.summarize video=my.mp4
    python -m maesum.summarize video=FOLDER out=summaries quality=best budget=0.1
    python -m maesum.summarize video=my.mp4 ckpt=RUN/checkpoints/last.ckpt backbone=googlenet

A video that cannot be summarised is left out, with the reason; the command fails only if no video can be summarised.
Damaged videos are used as far as they can be decoded, with a warning.

Needs the extra vision: pip install 'maesum[vision]'.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.cli.instantiating import prepared, target_of
from maesum.config.checking import checked
from maesum.config.videos import SummarizeConfig
from maesum.runs.checkpoint_file import check_checkpoint_file
from maesum.system.files import check_folder_writable
from maesum.system.printing import say
from maesum.vision.inputs import build_encoder, require_vision_packages

if TYPE_CHECKING:
    from maesum.summaries.pipeline import Summaries


def summarize(config: DictConfig) -> None:
    """Summarise the videos that the config names, and print where the results are."""
    settings = checked(config, SummarizeConfig)
    require_vision_packages()
    check_folder_writable(settings.out)
    if settings.ckpt is not None:
        check_checkpoint_file(settings.ckpt)
    from maesum.vision.videos import find_videos

    videos = find_videos(settings.video)
    from maesum.summaries import pipeline  # torch loads only once the videos are found

    encoder = build_encoder(settings, prepared(settings.backbone, "backbone"), target_of(settings.backbone))
    done = pipeline.summarize(videos, Path(settings.out), encoder, settings, settings.workers)
    say(describe(done))


def describe(done: Summaries) -> str:
    """Return a description of the results, one line per video, with the page to open."""
    lines = []
    for summary in done.summaries:
        chosen, of = len(summary.selection.chosen), len(summary.selection.shots)
        length = f"{summary.seconds:.1f} s of {summary.of_seconds:.1f} s"
        lines.append(f"{summary.folder / 'summary.mp4'}: {chosen} of {of} shots, {length}")
    lines += [f"warning: {video_id}: {text}" for video_id, text in done.warnings.items()]
    lines += [f"left out: {video_id}: {reason}" for video_id, reason in done.left_out.items()]
    beside = "" if done.is_self_contained else "; the videos are too large to stand in it: keep its folder together"
    lines.append(f"{done.page}: open it in a browser{beside}")
    return "\n".join(lines)


main = entry_point("summarize", summarize)

if __name__ == "__main__":
    main()

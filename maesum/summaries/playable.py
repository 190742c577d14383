"""Copy or convert a video for the page, so that every browser plays it."""

from __future__ import annotations

import shutil
from pathlib import Path

from maesum.summaries.page import EMBEDDED_BYTES
from maesum.summaries.recording import record
from maesum.system.files import atomic_path
from maesum.vision.clock import Timeline
from maesum.vision.container import open_video

_SUFFIXES = frozenset({".mp4", ".m4v", ".webm"})
_VIDEO_CODECS = frozenset({"h264", "vp8", "vp9", "av1", "libdav1d"})
_SOUND_CODECS = frozenset({"aac", "mp3", "mp3float", "opus", "vorbis"})
_PIXELS = frozenset({"yuv420p", "yuvj420p"})
#: Height of a preview, which a page shows at most half a screen high.
_PREVIEW_HEIGHT = 480
#: Seconds by which the stated duration may fall short of the frames, since durations are rounded.
_MISSING_SECONDS = 0.5


def browser_copy(path: Path, folder: Path, timeline: Timeline) -> Path:
    """Put a playable version into the folder: a small file that browsers play is copied, any other gets a preview.

    Args:
        timeline: of the video.

    Returns:
        The copy.

    Raises:
        MaesumError: it cannot be written.
    """
    if is_playable(path, timeline) and path.stat().st_size <= EMBEDDED_BYTES:
        copy = folder / f"original{path.suffix.lower()}"
        with atomic_path(copy) as temporary:
            shutil.copyfile(path, temporary)
        return copy
    preview = folder / "preview.mp4"
    record(path, preview, [(0, timeline.n_frames - 1)], timeline, _PREVIEW_HEIGHT)
    return preview


def is_playable(path: Path, timeline: Timeline) -> bool:
    """Return whether browsers play the file itself, to its end and at the decoded times."""
    if timeline.remarks:
        return False
    with open_video(path) as (container, stream):
        stated = container.duration / 1e6 if container.duration is not None else timeline.seconds
        if stated < timeline.seconds - _MISSING_SECONDS:  # a browser stops there
            return False
        sounds = {sound.codec_context.name for sound in container.streams.audio[:1]}
        return (
            path.suffix.lower() in _SUFFIXES
            and stream.codec_context.name in _VIDEO_CODECS
            and stream.codec_context.pix_fmt in _PIXELS
            and sounds <= _SOUND_CODECS
        )

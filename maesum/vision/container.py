"""Open video files, and tell a bad file from a machine that is short of resources."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from maesum.system.errors import MaesumError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: System errors that the file did not cause: too few handles, threads or memory, a full or disconnected disk.
_SHORTAGES = frozenset(
    {
        errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EDQUOT, errno.ESTALE,
        errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN,
    }
)  # fmt: skip
#: Playlist formats: they only name other files, so they are no videos themselves.
_PLAYLISTS = frozenset({"concat", "hls", "dash", "imf", "sdp", "rtsp"})


class UnreadableVideo(MaesumError):
    """Raised for a file of which no frame can be decoded; the message gives the reason."""


class MachineShortage(MaesumError):
    """Raised if the machine is short of a resource, which is not the file's fault; the extraction ends."""


@contextmanager
def open_video(path: str | Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and yield it with its video stream; FFmpeg's errors about the file become `UnreadableVideo`.

    Raises:
        UnreadableVideo: the file is no video, or is a playlist of other files.
        MachineShortage: see `check_shortage`.
    """
    import av
    from av.stream import Disposition

    path = Path(path)
    if not path.is_file():
        raise UnreadableVideo(f"{path}: no such video file.")
    if path.stat().st_size == 0:
        raise UnreadableVideo(f"{path}: the file is empty.")
    try:
        with av.open(ffmpeg_url(path)) as container:
            if container.format.name in _PLAYLISTS:
                raise UnreadableVideo(f"{path}: is a list of other files ({container.format.name}), wanted a video.")
            # A cover picture in a sound file is a stream of one picture, not a video.
            streams = [
                stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
            ]
            if not streams:
                raise UnreadableVideo(f"{path}: holds no video stream.")
            yield container, streams[0]
    except (av.FFmpegError, UnicodeError) as error:
        check_shortage(error, path)
        raise UnreadableVideo(f"{path}: cannot be decoded ({reason(error)}).") from None
    except (MemoryError, OSError, RuntimeError) as error:
        check_shortage(error, path)
        raise


def ffmpeg_url(path: str | Path) -> str:
    """Return a path as FFmpeg takes it: of a bare Lesson1:intro.mp4 it would take "Lesson1:" for a protocol."""
    return f"file:{path}"


def check_shortage(error: BaseException, path: str | Path) -> None:
    """Raise an error if the machine rather than the file caused an error: every other file would fail too.

    Raises:
        MachineShortage: there are too few file handles, threads or memory, or the disk is full or gone.
    """
    # A library that cannot be loaded is also the machine's fault: it would be missing for the next file too.
    is_lack = isinstance(error, (MemoryError, ImportError)) or getattr(error, "errno", None) in _SHORTAGES
    if is_lack or (isinstance(error, RuntimeError) and "start new thread" in str(error)):
        raise MachineShortage(
            f"{path}: cannot be read now, since the machine is short of something ({reason(error)}); free file handles "
            "(ulimit -n), threads (ulimit -u), memory or disk, or lower workers=, and run the command again: what was "
            "done is kept."
        ) from None


def reason(error: BaseException) -> str:
    """Return the error text of FFmpeg or the operating system."""
    return getattr(error, "strerror", None) or str(error) or "out of memory"

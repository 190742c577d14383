"""Remove the temporary files of killed processes; their names tell them from those of running processes.

A temporary file is called `.NAME.PLACE-PID-RANDOM.part`. PLACE identifies the machine, its boot, and the container: if
it is this one, the process id tells whether the process still runs. Of processes on other machines, which may share
the disk, this is not known; their files are removed once they have not been written to for a week.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

_NAME = re.compile(r"\..*\.(?P<place>[0-9a-f]{8})-(?P<pid>\d+)-\w+\.part", re.DOTALL)
_WEEK_SECONDS = 7 * 24 * 3600
#: Folders that this process has already searched; once is enough, since folders of figures hold many files.
_seen: set[Path] = set()


def temporary_name(name: str) -> tuple[str, str]:
    """Return the prefix and suffix of a temporary file's or folder's name, as `tempfile` takes them."""
    # Most file systems allow at most 255 bytes in a name.
    shortened = name.encode()[:180].decode(errors="ignore")
    return f".{shortened}.{_place()}-{os.getpid()}-", ".part"


def remove_leftovers(folder: str | Path) -> None:
    """Remove the temporary files of killed processes from a folder; do it once per process and folder."""
    folder = Path(folder).resolve()
    if folder in _seen:
        return
    _seen.add(folder)
    with suppress(OSError):  # a folder that cannot be read or written is reported by the write that follows
        for entry in os.scandir(folder):
            match = _NAME.fullmatch(entry.name)
            if match is not None and _is_left(match["place"], int(match["pid"]), entry.path):
                _remove(entry.path)


def _is_left(place: str, pid: int, path: str) -> bool:
    """Whether the process that made a temporary file has ended."""
    if place == _place():
        return not _is_running(pid)
    with suppress(OSError):
        return time.time() - os.stat(path).st_mtime > _WEEK_SECONDS
    return False


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # signal 0 only checks that the process exists
    except ProcessLookupError:
        return False
    except OSError:  # the process is another user's
        return True
    return True


def _remove(path: str) -> None:
    with suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


@functools.cache
def _place() -> str:
    """Return eight hex digits that are equal for two processes if one can tell by its id whether the other runs."""
    names = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            names.append(os.readlink(path) if "/ns/" in path else Path(path).read_text(encoding="ascii"))
        except OSError:  # not Linux: after a reboot another process may have the same id, and the file is kept
            names.append("")
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:8]

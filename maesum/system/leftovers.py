"""Temporary files of processes that were killed: told from those of living ones by their names, and removed.

A temporary file is called `.NAME.PLACE-PID-RANDOM.part`. PLACE stands for the machine, since it was started, and for
the container in it: where it is the same, the process either runs or is gone for good. Of processes elsewhere, which
may share the disk, nothing can be known. Their files go once nobody has written to them for a week.
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
#: Folders that this process has looked through; once is enough, and folders of figures are long.
_seen: set[Path] = set()


def temporary_name(name: str) -> tuple[str, str]:
    """What a temporary file or folder is called before and behind its random part, such as `tempfile` takes."""
    # At most 255 bytes are left to a name by most file systems.
    shortened = name.encode()[:180].decode(errors="ignore")
    return f".{shortened}.{_place()}-{os.getpid()}-", ".part"


def remove_leftovers(folder: str | Path) -> None:
    """Remove what killed processes have left in a folder, the first time that this process asks for it."""
    folder = Path(folder).resolve()
    if folder in _seen:
        return
    _seen.add(folder)
    with suppress(OSError):  # who may not read the folder or remove the file has other troubles
        for entry in os.scandir(folder):
            match = _NAME.fullmatch(entry.name)
            if match is not None and _is_left(match["place"], int(match["pid"]), entry.path):
                _remove(entry.path)


def _is_left(place: str, pid: int, path: str) -> bool:
    """Whether the process that has made a temporary file is gone."""
    if place == _place():
        return not _is_running(pid)
    with suppress(OSError):
        return time.time() - os.stat(path).st_mtime > _WEEK_SECONDS
    return False


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # sends nothing, and tells whether something could be sent
    except ProcessLookupError:
        return False
    except OSError:  # another user's
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
    """Eight digits that two processes share where one can see by its number whether the other runs."""
    told = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            told.append(os.readlink(path) if "/ns/" in path else Path(path).read_text(encoding="ascii"))
        except OSError:  # not Linux: a number may then be that of another process since a restart, which keeps the file
            told.append("")
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:8]

"""Running a command on a bad input, and judging how it ended."""

from __future__ import annotations

import contextlib
import hashlib
import resource
import shutil
import signal
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.commands import maesum_here, work_here
from tests.reliability.good_inputs import Good

#: What reading a file of a few kilobytes may take: HDF5, NumPy and PyTorch themselves reserve some of it.
_MEMORY_BYTES = 512 << 20
_SECONDS = 30

#: How each distinct bad input ended, by format.
tried: dict[str, Counter[str]] = {}
_seen: set[tuple[str, bytes]] = set()


def judge(name: str, good: Good, folder: Path, message: str | None = None, whole_command: bool = False) -> str:
    """Run the command that reads an input which is now damaged.

    Args:
        message: what the sentence must hold.
        whole_command: from its command line on; otherwise from its composed config on.

    Returns:
        "refused" or "harmless" (the damage lies where no value changes, or a value became another valid one).

    Raises:
        AssertionError: it ended in any other way.
    """
    fresh = (name, _digest(good.path)) not in _seen
    _seen.add((name, _digest(good.path)))
    shutil.rmtree(folder / good.out, ignore_errors=True)
    try:
        with _limits():
            run = maesum_here if whole_command else work_here
            done = run(*good.command, folder=folder, cache=folder)
    except Exception:
        raise AssertionError(f"{name}: a traceback instead of a sentence:\n{traceback.format_exc()}") from None
    left = sorted(path for path in (folder / good.out).rglob("*") if path.is_file())
    assert not [path for path in left if path.name.endswith(".part")], left
    if done.returncode == 0:
        assert message is None, f"{name}: accepted, wanted {message!r}"
        outcome = "harmless"
    else:
        assert done.returncode == 2, done.stderr
        sentences = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(sentences) == 1, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert "not enough memory" not in sentences[0], sentences[0]
        assert any(file in sentences[0] for file in _inputs(folder, good)), sentences[0]
        assert message is None or message in sentences[0], sentences[0]
        assert not left, f"{name}: refused, but left {left}"
        outcome = "refused"
    if fresh:
        tried.setdefault(name, Counter())[outcome] += 1
    return outcome


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes of a file changed, cut off, removed, repeated or set to what sizes and pointers overflow at."""
    data, kind = bytearray(whole), rng.integers(6)
    at = int(rng.integers(len(data)))
    length = int(rng.integers(1, 17))
    if kind == 0:
        for _ in range(int(rng.integers(1, 9))):
            data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        data[at : at + length] = b"\xff" * length
    elif kind == 3:
        data[at : at + length] = rng.bytes(length)
    elif kind == 4:
        del data[at : at + length]
    else:
        data[at:at] = data[at : at + length]
    return bytes(data)


def _inputs(folder: Path, good: Good) -> set[str]:
    """Names of the files one of which a sentence names: what is wrong may show only beside another input."""
    own_folders = {good.out, "hydra"}
    return {good.path.name, Path(good.command[1]).name} | {entry.name for entry in folder.iterdir()} - own_folders


def _digest(path: Path) -> bytes:
    if not path.exists():
        return b"absent"
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    try:
        return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.is_file())).digest()
    except OSError:
        return b"unreadable"


@contextlib.contextmanager
def _limits() -> Iterator[None]:
    """A limit on memory, as a refusal to give more, and one on time."""

    def stop(signum: int, frame: object) -> None:
        raise TimeoutError(f"still running after {_SECONDS} s")

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)

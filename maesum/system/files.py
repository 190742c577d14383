"""Write files so that a killed job leaves either the whole file or none; check paths; read JSON; hash files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from maesum.system.errors import MaesumError
from maesum.system.leftovers import remove_leftovers, temporary_name


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that becomes `path` when the block ends, and is removed when it fails.

    A killed job leaves either the whole file or none under the final name. The bytes are on disk before the rename.
    Its temporary file is removed by the next process that writes into the folder (`maesum.system.leftovers`).

    Raises:
        MaesumError: the folder cannot be created or written, or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
        prefix, suffix = temporary_name(path.name)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=suffix)
        os.close(handle)
    except OSError as error:
        raise MaesumError(f"{path}: cannot be written ({error.strerror}); choose another out=.") from None
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files; a data file is shared like any other
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or str(error).replace(str(temporary), str(path))  # nobody knows the temporary name
        raise MaesumError(f"{path}: writing failed ({reason}); nothing was kept.") from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(parent: str | Path, name: str) -> Iterator[Path]:
    """Yield a temporary folder in `parent`, from which files are renamed into place; removed when the block ends.

    If `parent` was made for this and is empty in the end, it is removed, too. Files that a killed process leaves are
    removed by the next process that writes into `parent`.

    Args:
        name: part of the folder's name, which says what it is for.

    Raises:
        MaesumError: the folder cannot be created.
    """
    made = [path for path in (Path(parent).absolute(), *Path(parent).absolute().parents) if not path.exists()]
    try:
        Path(parent).mkdir(parents=True, exist_ok=True)
        remove_leftovers(parent)
        prefix, suffix = temporary_name(name)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix, suffix=suffix))
    except OSError as error:
        raise MaesumError(f"{parent}: cannot be written ({error.strerror}); choose another out=.") from None
    try:
        folder.chmod(0o777 & ~_umask())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # a folder that is not empty stays
            for path in made:
                path.rmdir()


def check_file_writable(path: str | Path) -> None:
    """Check before any work that `atomic_path` will be able to write the file `out=`; leave nothing behind.

    Raises:
        MaesumError: the path is a folder, or its folder cannot be created or written.
    """
    if Path(path).is_dir():
        raise MaesumError(
            f"out={path} is a folder, wanted a file; name one in it, as in out={Path(path) / 'out.json'}."
        )
    check_folder_writable(Path(path).parent, path)


def check_folder_writable(folder: str | Path, out: str | Path | None = None) -> None:
    """Check before any work that a folder can be created or written into; leave nothing behind.

    Args:
        out: the path to name in the message; by default the folder.

    Raises:
        MaesumError: the nearest existing folder on the path cannot be written, or is not a folder.
    """
    there = Path(folder).absolute()
    try:
        while not there.exists():
            there = there.parent
        os.rmdir(tempfile.mkdtemp(dir=there, prefix=".probe_"))
    except OSError as error:
        raise MaesumError(f"out={out or folder} cannot be written ({error.strerror}); choose another out=.") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        MaesumError: the file cannot be read, is not JSON, or has a key twice (JSON readers silently keep one of them).
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
    except OSError as error:
        raise MaesumError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:  # also the UnicodeDecodeError of a file that is not text
        raise MaesumError(f"{path}: not valid JSON ({error}).") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"key {repeated!r} occurs twice")
    return found


def file_hash(path: str | Path) -> str:
    """Return the first 16 hex digits of a file's SHA-256."""
    with open(path, "rb") as file:
        return stream_hash(file)


def stream_hash(file: BinaryIO) -> str:
    """Return the first 16 hex digits of an open file's SHA-256, from its beginning; leaves it at its end."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()[:16]

"""Record the content of a folder before a command works there, so that only what a refused command made is removed."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: Where Hydra keeps a job's config and overrides.
_HYDRA = ".hydra"


@dataclass(frozen=True)
class Trace:
    """The content of a folder before a command works there, so that a refused command removes only what it made.

    Attributes:
        folder: where the command works.
        first_made: the topmost of `folder` and its parents that did not exist; None where all existed.
        names: names of the files and folders in it.
        hydra: the files of its `.hydra`, which Hydra overwrites.
    """

    folder: Path
    first_made: Path | None
    names: frozenset[str]
    hydra: dict[str, bytes]

    @classmethod
    def before(cls, folder: str | Path) -> Trace:
        """Record a folder that a command will work in, whether it exists or not."""
        folder = Path(folder).absolute()
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        names = frozenset(os.listdir(folder)) if folder.is_dir() else frozenset()
        kept = {path.name: path.read_bytes() for path in (folder / _HYDRA).glob("*.yaml")} if _HYDRA in names else {}
        return cls(folder, missing[-1] if missing else None, names, kept)

    def take_back(self) -> None:
        """Remove what a command made that was refused before its work began; results of work are never removed."""
        logs = {Path(each.baseFilename) for each in logging.root.handlers if isinstance(each, logging.FileHandler)}
        logging.shutdown()  # closes the log file, which is in the folder
        found = set(os.listdir(self.folder)) if self.folder.is_dir() else set()
        made = {self.folder / name for name in found - self.names}
        if made <= logs | {self.folder / _HYDRA}:
            for path in made & logs:
                path.unlink(missing_ok=True)
            self._restore_hydra()
            self.remove_empty()

    def remove_empty(self) -> None:
        """Remove the folder and its parents, as far as this command has made them and they are empty."""
        if self.first_made is None:
            return
        with suppress(OSError):  # a folder that is not empty stays, with its parents
            for path in (self.folder, *self.folder.parents):
                path.rmdir()
                if path == self.first_made:
                    break

    def _restore_hydra(self) -> None:
        if _HYDRA not in self.names:
            shutil.rmtree(self.folder / _HYDRA, ignore_errors=True)
            return
        for path in (self.folder / _HYDRA).glob("*.yaml"):
            if path.name not in self.hydra:
                path.unlink()
            elif path.read_bytes() != self.hydra[path.name]:
                path.write_bytes(self.hydra[path.name])

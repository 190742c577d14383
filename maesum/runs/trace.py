"""What lay in a folder before a command worked there, so that a refused command takes back what it made alone."""

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
    """What lay where a command is about to work, so that a refused one can take back what it made and nothing else.

    Attributes:
        folder: where the command works.
        first_made: the highest folder above it, or itself, that was not there.
        names: what it held.
        hydra: the content of its `.hydra`, which Hydra writes over.
    """

    folder: Path
    first_made: Path | None
    names: frozenset[str]
    hydra: dict[str, bytes]

    @classmethod
    def before(cls, folder: str | Path) -> Trace:
        """Look at a folder that a command will work in, whether it is there or not."""
        folder = Path(folder).absolute()
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        names = frozenset(os.listdir(folder)) if folder.is_dir() else frozenset()
        kept = {path.name: path.read_bytes() for path in (folder / _HYDRA).glob("*.yaml")} if _HYDRA in names else {}
        return cls(folder, missing[-1] if missing else None, names, kept)

    def take_back(self) -> None:
        """Undo what a command has made that was refused before its work began; work that had begun stays."""
        logs = {Path(each.baseFilename) for each in logging.root.handlers if isinstance(each, logging.FileHandler)}
        logging.shutdown()  # closes the log file, which lies in the folder
        found = set(os.listdir(self.folder)) if self.folder.is_dir() else set()
        made = {self.folder / name for name in found - self.names}
        if made <= logs | {self.folder / _HYDRA}:
            for path in made & logs:
                path.unlink(missing_ok=True)
            self._restore_hydra()
            self.remove_empty()

    def remove_empty(self) -> None:
        """Remove the folder, and those above it, as far as this command has made them and they hold nothing."""
        if self.first_made is None:
            return
        with suppress(OSError):  # the first that holds something stays
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

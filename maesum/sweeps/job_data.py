"""Fingerprint the data files of a sweep's jobs, and name the jobs' folders by them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from maesum.data.demo import ensure_demo
from maesum.runs.fingerprint import decisive_files, fingerprint

#: Keys that may hold the name of built-in data instead of a file.
_MAY_BE_NAMES = ("splits",)


class JobData:
    """Fingerprints the files that jobs read, each file once, since tables share data.

    Args:
        makes_demo: whether to make the demo data if a job reads them and they do not exist yet.
    """

    def __init__(self, makes_demo: bool = False) -> None:
        self.makes_demo = makes_demo
        self._known: dict[str, str | None] = {}

    def of(self, config: dict[str, Any], of_source: str | None = None) -> tuple[dict[str, str], bool]:
        """Return the fingerprints of a job's files by key, and whether all files exist.

        Args:
            config: the job's resolved config.
            of_source: the key of the file that another job writes; it is left out, since that job's folder names it.
        """
        files = {key: paths for key, paths in decisive_files(config).items() if key != of_source}
        if self.makes_demo and any(_lies_in(config["demo_dir"], paths) for paths in files.values()):
            ensure_demo(config["demo_dir"])
        known = {key: self._content_of(paths) for key, paths in files.items()}
        data = {key: content for key, content in known.items() if content is not None}
        return data, all(key in data or key in _MAY_BE_NAMES for key in files)

    def _content_of(self, paths: Any) -> str | None:
        key = str(paths)
        if key not in self._known:
            self._known[key] = fingerprint(paths)
        return self._known[key]


def folder_of(runs: Path, settings: str, data: dict[str, str], is_whole: bool) -> Path:
    """Return the folder of a job's results, whose name depends on the job's settings and the content of its data.

    If data files are missing, as on a machine that only reports, return the finished folder with these settings if
    there is exactly one.

    Args:
        runs: the folder of all jobs.
        settings: the hash of the job's settings.
        data: the fingerprints that `JobData.of` returns.
        is_whole: whether all data files exist.
    """
    if not is_whole:
        finished = [path.parent for path in runs.glob(f"{settings}-*/metrics.json")]
        return finished[0] if len(finished) == 1 else runs / f"{settings}-without-data"
    content = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]
    return runs / f"{settings}-{content}"


def _lies_in(folder: str, paths: Any) -> bool:
    there = Path(folder).resolve()
    return any(there in Path(str(path)).resolve().parents for path in (paths if isinstance(paths, list) else [paths]))

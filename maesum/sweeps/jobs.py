"""Turn a table's job specifications into commands that can be run: overrides, folder and config hash."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maesum.config.overrides import as_typed, path_setting
from maesum.runs.identity import config_hash
from maesum.sweeps.composing import compose_config, key_of
from maesum.sweeps.job_data import JobData, folder_of
from maesum.sweeps.tables import JobSpec, TableSpec
from maesum.system.errors import MaesumError
from maesum.system.files import read_json

#: Config groups that +scale=demo sets; at that scale a job's own choice of them is left out.
_SCALED = ("data", "model", "trainer", "benchmark", "labelled")
#: Keys of the sweep command that its predict and evaluate jobs take too.
_SHARED = {
    "predict": ("figures", "seed", "feature", "data_dir", "demo_dir", "scoring", "benchmarks"),
    "evaluate": ("seed", "feature", "data_dir", "demo_dir", "benchmarks"),
}


@dataclass(frozen=True)
class Job:
    """One run of a command.

    Attributes:
        name: table and job, e.g. "table1c/ratio_10".
        command: train, predict or evaluate.
        overrides: its arguments, without those that set its folder.
        config: its resolved config.
        hash: hash of the settings that decide results (`maesum.runs.identity`): jobs of equal hash are the same job.
        folder: folder of its results, named by the hash and by the content of its data.
        needs: the jobs whose files it reads.
        data: fingerprints of the existing files that it reads, by key (`maesum.runs.fingerprint`), except the files
            that the jobs in `needs` write.
    """

    name: str
    command: str
    overrides: tuple[str, ...]
    config: dict[str, Any]
    hash: str
    folder: Path
    needs: tuple[Job, ...]
    data: dict[str, str] = field(default_factory=dict)

    def is_done(self) -> bool:
        """Return whether the folder holds the results of exactly this config on data of the same content."""
        if not all(_is_whole(self.folder / name) for name in ("metrics.json", "evaluation.json")):
            return False
        record = _provenance_of(self.folder, self.command)
        read = record.get("data")
        same_data = isinstance(read, dict) and self.data.items() <= read.items()
        return record.get("config_hash") == self.hash and (same_data or not self.data)

    def arguments(self) -> list[str]:
        """Return the command line after the Python interpreter."""
        own = [path_setting("hydra.run.dir", self.folder)]
        if self.command == "predict":
            own.append(path_setting("out", self.folder))
        if self.command == "evaluate":
            own.append(path_setting("out", self.folder / "metrics.json"))
        return ["-m", f"maesum.{self.command}", *self.overrides, *own]

    def command_line(self) -> str:
        """Return the command as a person types it."""
        return as_typed(["python", *self.arguments()])


class JobMaker:
    """Makes jobs from specifications: composes each job's config for its hash, and fingerprints its data.

    Args:
        runs: the folder that holds one folder per job.
        given: overrides of the sweep command, which apply to every job.
        demo: overrides of every training job at +scale=demo.
        makes_demo: whether to make the demo data if a job reads them and they do not exist yet.
    """

    def __init__(self, runs: str | Path, given: Sequence[str], demo: Sequence[str], makes_demo: bool = False) -> None:
        self.runs, self.given, self.demo, self.data = Path(runs), list(given), list(demo), JobData(makes_demo)
        self.at_demo_scale = "+scale=demo" in self.given
        self._composed: dict[tuple[str, ...], tuple[dict[str, Any], str]] = {}

    def jobs_of(self, table_name: str, table: TableSpec) -> dict[str, Job]:
        """Return the jobs of a table by their name in it, each after those that it needs."""
        jobs: dict[str, Job] = {}
        for name, spec in table.jobs.items():
            source = jobs[spec.of] if spec.of is not None else None
            jobs[name] = self._job(f"{table_name}/{name}", spec, source)
        return jobs

    def _job(self, name: str, spec: JobSpec, source: Job | None) -> Job:
        overrides = self._train_overrides(spec) if spec.command == "train" else self._other_overrides(spec)
        of_source = None
        if source is not None:
            of_source, path = {
                "train": ("init", source.folder / "checkpoints" / "last.ckpt"),
                "predict": ("ckpt", source.folder / "checkpoints" / "last.ckpt"),
                "evaluate": ("scores", source.folder / "scores"),
            }[spec.command]
            overrides = [path_setting(of_source, path), *overrides]
        try:
            config, settings = self._compose(spec.command, overrides)
        except MaesumError as error:
            raise MaesumError(f"job {name} of the sweep cannot run: {error}") from None
        data, is_whole = self.data.of(config, of_source)
        needs = () if source is None else (source,)
        folder = folder_of(self.runs, settings, data, is_whole)
        return Job(name, spec.command, tuple(overrides), config, settings, folder, needs, data)

    def _compose(self, command: str, overrides: Sequence[str]) -> tuple[dict[str, Any], str]:
        """Return the config of a command and its hash; composing is slow and tables share jobs, so it is cached."""
        key = (command, *overrides)
        if key not in self._composed:
            config = compose_config(command, overrides, is_checked=True)
            self._composed[key] = config, config_hash(command, config)
        return self._composed[key]

    def _train_overrides(self, spec: JobSpec) -> list[str]:
        own = list(spec.train or [])
        if self.at_demo_scale:
            own = [override for override in own if key_of(override) not in _SCALED] + self.demo + spec.demo
        merged = _last_of_each(own + self.given)
        return sorted(merged, key=lambda override: key_of(override) == "scale")

    def _other_overrides(self, spec: JobSpec) -> list[str]:
        benchmarks = ["demo"] if self.at_demo_scale else spec.benchmark
        own = [*(getattr(spec, spec.command)), *(spec.demo if self.at_demo_scale else [])]
        shared = [
            override
            for override in (self.demo if self.at_demo_scale else []) + self.given
            if key_of(override).split(".")[0] in _SHARED[spec.command]
        ]
        return _last_of_each([*own, f"benchmark=[{','.join(benchmarks)}]", *shared])


def _last_of_each(overrides: Sequence[str]) -> list[str]:
    """Return only the last override of each key, in their order."""
    last: dict[str, str] = {}
    for override in overrides:
        last.pop(key_of(override), None)
        last[key_of(override)] = override
    return list(last.values())


def _provenance_of(folder: Path, command: str) -> dict[str, Any]:
    """Return the provenance of the run in a folder; an empty dict if it cannot be read."""
    path = folder / ("metrics.json" if command == "evaluate" else "provenance.json")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        record = content["provenance"] if command == "evaluate" else content
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return record if isinstance(record, dict) else {}


def _is_whole(path: Path) -> bool:
    """Return whether a file of results can be read and is not empty; evaluation.json may be missing."""
    if not path.exists():
        return path.name == "evaluation.json"
    try:
        content = read_json(path)
    except MaesumError:
        return False
    return isinstance(content, dict) and bool(content)

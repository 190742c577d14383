"""Record what decides the weights of a training in its checkpoints, so that resuming recognises the same training."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import lightning as L
import torch

import maesum
from maesum.config.training import TrainConfig
from maesum.runs.fingerprint import decisive_files
from maesum.runs.identity import SCHEMAS, decisive_settings, defaults, flat
from maesum.runs.provenance import git_state
from maesum.system.errors import MaesumError

#: Settings that decide results but not weights, by the data that a method reads: they are used after training, or not
#: at all.
_AFTER_TRAINING = {
    "clips": ("benchmarks", "benchmarks.*", "scoring"),
    "labelled clips": (
        "benchmarks",
        "benchmarks.*",
        "scoring",
        "data",
        "mask_ratio",
        "labelled.held_out",
        "labelled.test_clips",
    ),
    "videos": ("data", "scoring", "benchmarks.*.stride"),
}
#: Settings that are not compared here: where to go on; `epochs`, which has a check of its own; and names of files,
#: whose content is compared instead.
_NEVER = ("ckpt", "epochs", "feature", "data.name", "*.features", "*.held_out", "*.annotations", "init")


@dataclass(frozen=True)
class TrainingRecord:
    """What decides a training's weights, as plain values.

    Attributes:
        settings: the decisive settings by their full key, such as "optim.base_lr", defaults among them.
        data: hash of the content of the training files, by the key that names them (`maesum.runs.fingerprint`).
        epochs: the values of `epochs` in turn. There are several where a training was resumed for more epochs than
            first planned, which changes the learning rate half-way.
        machine: device, processes and threads. On another machine, results agree but for the last digits.
        code: the versions of this project and of torch, and the commit. Another version may compute something else.
        has_schedule: whether the learning rate depends on `epochs`. If not, training for more epochs later gives the
            same weights as planning them from the start.
    """

    settings: dict[str, Any]
    data: dict[str, str]
    epochs: list[int]
    machine: dict[str, Any] = field(default_factory=dict)
    code: dict[str, Any] = field(default_factory=dict)
    has_schedule: bool = True

    @classmethod
    def of(
        cls, config: TrainConfig, data: dict[str, str], trainer: L.Trainer, has_schedule: bool = True
    ) -> TrainingRecord:
        """Make the record of a training that is about to start.

        Args:
            data: hashes of the files that it reads, by key (`maesum.runs.fingerprint.fingerprints`).
            has_schedule: see the attribute.

        Raises:
            MaesumError: a file that is trained on was not there when fingerprints were taken.
        """
        after = _AFTER_TRAINING[config.method["reads"]]
        plain = asdict(config)
        files = decisive_files(plain)
        named = [key for key in files if not any(fnmatchcase(key, pattern) for pattern in after)]
        unknown = [key for key in named if key not in data and key != "splits"]  # `splits` may be a name
        if unknown:
            raise MaesumError(f"{unknown[0]}={files[unknown[0]]} cannot be read, wanted a whole file.")
        content = {key: data[key] for key in named if key in data}
        settings = flat(decisive_settings(plain, (*_NEVER, *after, *content)))
        code = {"maesum": maesum.__version__, "git": git_state(), "torch": str(torch.__version__)}
        return cls(settings, content, [config.epochs], describe_machine(trainer), code, has_schedule)

    def to_plain(self) -> dict[str, Any]:
        """Return the fields by name, as checkpoints keep them; without `has_schedule`, which the method knows."""
        return {name: value for name, value in asdict(self).items() if name != "has_schedule"}

    @classmethod
    def from_plain(cls, fields: Any, path: str | Path) -> TrainingRecord:
        """Make a record from the result of `to_plain`.

        Raises:
            MaesumError: the fields are not those of a record.
        """
        kinds = {"settings": dict, "data": dict, "epochs": list, "machine": dict, "code": dict}
        if not isinstance(fields, dict):
            raise MaesumError(
                f"{path}: field 'maesum.record' does not say with which settings and data it was trained, so it cannot "
                "be told whether this is the same training; start anew, or begin with its weights by init=."
            )
        for name, kind in kinds.items():
            if not isinstance(fields.get(name), kind):
                raise MaesumError(
                    f"{path}: field 'maesum.record.{name}' is {fields.get(name)!r}, wanted a {kind.__name__}."
                )
        if not fields["epochs"] or not all(type(count) is int and count > 0 for count in fields["epochs"]):
            raise MaesumError(f"{path}: field 'maesum.record.epochs' is {fields['epochs']}, wanted numbers from 1.")
        return cls(**{name: fields[name] for name in kinds})

    def goes_on_from(self, before: TrainingRecord, trained: int, files: dict[str, Any], path: Path) -> TrainingRecord:
        """Return the record of this training when it goes on from a checkpoint.

        Args:
            before: the checkpoint's record.
            trained: number of epochs that were finished when the checkpoint was written.
            files: the files that this training reads, by key, for the message.

        Raises:
            MaesumError: the checkpoint is of another training; names the first setting or file that differs.
        """
        _check_settings(before.settings, self.settings, path)
        for key in sorted(before.data.keys() | self.data.keys()):
            then, now = (record.data.get(key) for record in (before, self))
            if then != now:
                holds = f"{files.get(key)} now holds {now}" if now else "now none is named"
                raise MaesumError(
                    f"{path}: was trained with other content of {key}: then {then or 'none'}, but {holds}; resume with "
                    "the file of that run, or leave ckpt= out to start anew."
                )
        (epochs,) = self.epochs
        if epochs < trained:
            raise MaesumError(
                f"{path}: was trained for {trained} epochs already, but epochs is {epochs}; give at least {trained}, "
                "or leave ckpt= out to start anew."
            )
        if not self.has_schedule:
            return self
        if epochs < before.epochs[-1]:
            raise MaesumError(
                f"{path}: was trained with epochs={before.epochs[-1]}, which sets the learning rate of each step, but "
                f"now it is {epochs}; resume with as many or more, or leave ckpt= out to start anew."
            )
        added = [epochs] if epochs != before.epochs[-1] else []
        return replace(self, epochs=[*before.epochs, *added])

    def remarks_on(self, before: TrainingRecord) -> list[str]:
        """Return what a user should know about going on from a checkpoint, as lines; none where nothing differs.

        Args:
            before: the checkpoint's record.
        """
        lines = []
        if self.epochs != before.epochs and self.has_schedule:
            lines.append(
                f"its learning rate was set for {before.epochs[-1]} epochs and now is for {self.epochs[-1]}: this is "
                f"another training than one with epochs={self.epochs[-1]} from the start, and its config_hash says so"
            )
        if self.machine != before.machine:
            was, now = (_in_words(record.machine) for record in (before, self))
            lines.append(f"it was trained on {was}, now on {now}: results may differ in the last digits")
        changed = [name for name in self.code if self.code[name] != before.code.get(name)]
        if changed:
            was, now = (", ".join(f"{name} {code.get(name)}" for name in changed) for code in (before.code, self.code))
            lines.append(f"it was trained by {was}, now goes on by {now}: results may be those of neither alone")
        return lines


def describe_machine(trainer: L.Trainer) -> dict[str, Any]:
    """Return what the last digits of a training's results depend on: device, processes and threads, as plain values."""
    device = trainer.strategy.root_device.type
    threads = torch.get_num_threads() if device == "cpu" else None
    return {"device": device, "processes": trainer.world_size, "threads": threads}


def _check_settings(before: dict[str, Any], now: dict[str, Any], path: Path) -> None:
    """Refuse the first setting that differs; a newer setting that the record lacks counts as having its default."""
    usual = flat(defaults(SCHEMAS["train"]))
    for key in sorted(before.keys() | now.keys()):
        then = before.get(key, usual.get(key))
        if key not in now:
            raise MaesumError(
                f"{path}: was trained with {key}={then}, which is no setting of this training; resume with the "
                "settings and the release of that run, or leave ckpt= out to start anew."
            )
        if then != now[key]:
            raise MaesumError(
                f"{path}: was trained with {key}={then}, but now it is {now[key]}; resume with the settings of that "
                "run, or leave ckpt= out to start anew."
            )


def _in_words(machine: dict[str, Any]) -> str:
    processes, threads = machine.get("processes"), machine.get("threads")
    per_process = "" if threads is None else f" of {threads} thread{'s' * (threads != 1)}"
    return f"{machine.get('device')}, {processes} process{'es' * (processes != 1)}{per_process}"

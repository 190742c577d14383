"""A run's settings as plain values, which of them decide its result, and their hash: what makes two runs one job."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from omegaconf import DictConfig

#: Keys that say how results are shown and where they are written.
PRESENTATION = ("name", "group", "tags", "logger", "figures", "videos", "out")

#: Folders whose place differs from machine to machine; a file in one is known by its path from there.
_FOLDERS = ("data_dir", "demo_dir")

#: Everything else that decides no result; a `*` stands for any name.
_LEFT_OUT = (
    *PRESENTATION,
    *_FOLDERS,
    # Hardware, and how the work is cut for it.
    "accelerator",
    "devices",
    "num_nodes",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.strategy",
    "trainer.accumulate_grad_batches",
    "trainer.deterministic",
    "data.workers",
    "data.residency",
    "scoring.batch_size",
    # What is watched and saved on the way.
    "evaluator",
    "checkpoint_every_n_steps",
    "trainer.log_every_n_steps",
    "trainer.enable_progress_bar",
    "trainer.enable_model_summary",
    # Hints in messages.
    "*made_by",
)
#: Parts of a training config that only the task of the same name reads.
_OF_ONE_TASK = ("recognition", "dr_dsn")


def resolved(config: DictConfig) -> dict[str, Any]:
    """The settings of a composed config as plain values.

    Raises:
        MissingMandatoryValue: a key that is required and was not given.
    """
    from omegaconf import OmegaConf

    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=True, throw_on_missing=True))


def config_hash(config: dict[str, Any]) -> str:
    """16 hex digits that two runs of a command share exactly when the settings that decide their results are equal.

    Left out is what decides none:

    - how results are shown, where they go, and what is watched or saved on the way: the last weights are the result,
      and watching does not move them;
    - loader processes, where features are kept, devices, batches of scoring and accumulation: the same clips make the
      same global batches, so results agree but for rounding (1e-5 in the losses); `deterministic` is of that size, too;
    - `data_dir` and `demo_dir`: files there are known by their paths within, so that a folder may lie anywhere. No file
      is looked into: equal paths are taken for equal content;
    - the parts of the config that another task reads.

    Precision and `compile` change more than the last digits and stay in, as does every setting that is not known here:
    a job that runs once too often is better than a result under a wrong name.

    Args:
        config: the resolved config of a command, plain values.
    """
    return hashlib.sha256(json.dumps(decisive_settings(config), sort_keys=True, default=str).encode()).hexdigest()[:16]


def decisive_settings(config: dict[str, Any]) -> dict[str, Any]:
    """The settings that `config_hash` hashes, with paths under `data_dir` and `demo_dir` relative to these."""
    unread = tuple(part for part in _OF_ONE_TASK if config.get("task") != part)
    places = [(f"{str(config[key]).rstrip('/')}/", f"${{{key}}}/") for key in _FOLDERS if config.get(key)]
    places.sort(key=lambda place: -len(place[0]))  # a folder within the other one first

    def kept(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            names = {name: f"{path}.{name}" if path else str(name) for name in value}
            return {name: kept(value[name], full) for name, full in names.items() if not left_out(full)}
        if isinstance(value, (list, tuple)):
            return [kept(item, path) for item in value]
        if isinstance(value, str):
            return next((anywhere + value[len(here) :] for here, anywhere in places if value.startswith(here)), value)
        return value

    def left_out(path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in (*_LEFT_OUT, *unread))

    return kept(config, "")

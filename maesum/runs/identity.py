"""Identify a run by a hash of the settings that decide its result, so that a finished job is not run again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin, get_type_hints

from maesum.config.evaluation import EvaluateConfig
from maesum.config.scoring import PredictConfig
from maesum.config.training import TrainConfig
from maesum.runs.method_settings import own_choices, unread_parts

if TYPE_CHECKING:
    from omegaconf import DictConfig

#: To be raised whenever a decisive default changes, since `config_hash` leaves out settings that equal their default.
#: Raising it makes every finished job new, once. (Version 1 hashed every setting.)
VERSION = 2

#: The commands whose runs have an identity, and the schema that holds their defaults.
SCHEMAS: dict[str, type] = {"train": TrainConfig, "predict": PredictConfig, "evaluate": EvaluateConfig}

#: Keys that say how results are shown and where they are written.
PRESENTATION = ("name", "group", "tags", "logger", "figures", "videos", "out")

#: Keys of folders that differ from machine to machine; a file in one is identified by its path within it.
_FOLDERS = ("data_dir", "demo_dir")

#: All other settings that decide no result; `*` is any name.
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


def resolved(config: DictConfig) -> dict[str, Any]:
    """Return the settings of a composed config as plain values.

    Raises:
        MissingMandatoryValue: a required key was not given.
    """
    from omegaconf import OmegaConf

    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=True, throw_on_missing=True))


def identity(command: str, config: dict[str, Any], data: dict[str, str]) -> dict[str, Any]:
    """Return what distinguishes a run from others, as its provenance.json keeps it.

    Args:
        command: one of `SCHEMAS`.
        config: the resolved config of the command.
        data: the hashes of the files that it reads, from `maesum.runs.fingerprint.fingerprints`.
    """
    return {
        "config_hash": config_hash(command, config),
        "config_hash_version": VERSION,
        "data": data,
        "seed": config.get("seed"),
    }


def config_hash(command: str, config: dict[str, Any]) -> str:
    """Return 16 hex digits that two runs of a command share exactly when their decisive settings are equal.

    The hash covers the command, `VERSION`, and the decisive settings that differ from their default. So a setting that
    a later release adds leaves finished jobs finished, as long as its default does what was done before.

    It leaves out what decides no result:

    - how results are shown, where they go, and what is watched or saved on the way: the last weights are the result,
      and watching does not change them;
    - loader processes, where features are kept, devices, batches of scoring and accumulation: the same clips make the
      same global batches, so results agree but for rounding (1e-5 in the losses); `deterministic` changes as little;
    - `data_dir` and `demo_dir`: files in them are identified by their paths within, so that the folder may be anywhere.
      The content of files is hashed by `maesum.runs.fingerprint`;
    - the parts of the config that only other methods read, and settings of the method that equal those in its YAML.

    Precision and `compile` change more than the last digits and so are hashed, as is every setting that is not known
    here: a job that runs once too often is better than a result under a wrong name.

    Args:
        command: one of `SCHEMAS`.
        config: the resolved config of the command, plain values.
    """
    settings = without_defaults(decisive_settings(config), SCHEMAS[command])
    if "method" in settings:
        settings["method"] = own_choices(settings["method"])
    content = {"command": command, "version": VERSION, "settings": settings}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def decisive_settings(config: dict[str, Any], also_left_out: Iterable[str] = ()) -> dict[str, Any]:
    """Return the settings that decide a result, including defaults; paths in `data_dir` and `demo_dir` are relative.

    Args:
        also_left_out: further keys to leave out; `*` is any name.
    """
    patterns = (*_LEFT_OUT, *unread_parts(config), *also_left_out)
    places = [(f"{str(config[key]).rstrip('/')}/", f"${{{key}}}/") for key in _FOLDERS if config.get(key)]
    places.sort(key=lambda place: -len(place[0]))  # where one folder is within the other, the inner one first

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
        return any(fnmatchcase(path, pattern) for pattern in patterns)

    return kept(config, "")


def without_defaults(settings: dict[str, Any], schema: type) -> dict[str, Any]:
    """Return the settings that differ from the default of their schema, without the parts that then are empty."""
    hints, usual = get_type_hints(schema), defaults(schema)
    kept: dict[str, Any] = {}
    for name, value in settings.items():
        entry = _entry_schema(hints.get(name))
        if isinstance(value, dict) and is_dataclass(hints.get(name)):
            value = without_defaults(value, cast(type, hints[name]))
        elif isinstance(value, dict) and entry is not None:  # which entries there are is a setting itself
            value = {key: without_defaults(each, entry) for key, each in value.items()}
        if name not in usual or value not in (usual[name], {}):
            kept[name] = value
    return kept


def defaults(schema: type) -> dict[str, Any]:
    """Return the defaults of a schema as plain values, nested as in a config, without the required keys."""
    from omegaconf import MISSING as REQUIRED

    hints = get_type_hints(schema)
    found: dict[str, Any] = {}
    for each in fields(schema):
        if is_dataclass(hints[each.name]):
            found[each.name] = defaults(cast(type, hints[each.name]))
        elif each.default is not MISSING and each.default != REQUIRED:
            found[each.name] = each.default
        elif each.default_factory is not MISSING:
            found[each.name] = each.default_factory()
    return found


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by their full key, as in {"optim.base_lr": 4e-4}."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _entry_schema(hint: Any) -> type | None:
    """Return the schema of the entries of a `dict[str, Schema]`; None for any other type."""
    entry = get_args(hint)[1] if get_origin(hint) is dict else None
    return cast(type, entry) if is_dataclass(entry) else None

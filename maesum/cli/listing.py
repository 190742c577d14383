"""List the keys of a composed config in sections, each with its value and its meaning."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, cast, get_args, get_origin, get_type_hints

from omegaconf import MISSING, DictConfig, OmegaConf

from maesum.config.fields import heading, meanings, range_of


class Key(NamedTuple):
    """A key with its value as typed on the command line (`trainer.devices=1`), and its help text."""

    setting: str
    meaning: str


class Section(NamedTuple):
    """Keys that belong together."""

    title: str
    keys: list[Key]


def sections(
    config: DictConfig,
    titles: Mapping[str, str],
    prefix: str = "",
    title: str | None = None,
    schemas: Mapping[str, type] = MappingProxyType({}),
) -> list[Section]:
    """Return the keys of a config: its own, class by class where its schema has bases, then those of each node in it.

    Keys that the schemas set (`_target_`) and keys that only repeat another key (`source.out`) are left out.

    Args:
        titles: titles of the nodes whose schema depends on the chosen option, by name.
        prefix: prefix of the config's keys, such as "data.".
        title: title of the config's own keys; by default that of the schema.
        schemas: schemas of nodes for which Hydra accepts any key, by name.
    """
    plain = cast(dict[str, Any], OmegaConf.to_container(config, resolve=False, enum_to_str=True))
    schema = OmegaConf.get_type(config)
    if not is_dataclass(schema):  # a node that takes any keys
        return [Section(title or prefix[:-1], [_key(f"{prefix}{name}", value, "") for name, value in plain.items()])]
    explained, hints = meanings(schema), get_type_hints(schema)
    own, nested = list[Section](), list[Section]()
    for part in schema.__mro__:
        keys: list[Key] = []
        for name in inspect.get_annotations(part):
            value, path, hint, meaning = plain.get(name), f"{prefix}{name}", hints[name], explained.get(name, "")
            if name not in plain or name.startswith("_") or value == f"${{{name}}}":
                continue
            if path in schemas:
                nested += _declared(path, cast(dict[str, Any], value), schemas[path], titles.get(path))
                keys.append(Key(f"{path}.KEY", meaning))
            elif isinstance(value, dict) and get_origin(hint) is dict:
                nested += _entries(path, get_args(hint)[1])
                keys += [] if is_dataclass(get_args(hint)[1]) else [Key(f"{path}.NAME.KEY", meaning)]
            elif isinstance(value, dict):
                nested += sections(config[name], titles, f"{path}.", titles.get(path) if hint is Any else None)
            elif path not in titles:
                keys.append(_key(path, value, _with_range(schema, name, meaning)))
        if keys:
            own.append(Section(title or heading(part), keys))
    return own + nested


def _declared(path: str, node: dict[str, Any], schema: type, title: str | None) -> Iterator[Section]:
    """Yield a section with the keys of a node by a schema that Hydra does not know; absent keys have their defaults."""
    values = {each.name: each.default for each in fields(schema)} | node
    keys = [
        _key(f"{path}.{name}", values[name], _with_range(schema, name, meaning))
        for name, meaning in meanings(schema).items()
    ]
    if keys:
        yield Section(title or heading(schema), keys)


def _with_range(schema: type, name: str, meaning: str) -> str:
    """Return the meaning of a setting, with the range of a number."""
    allowed = range_of(schema, name)
    return meaning if allowed is None else f"{meaning} ({allowed})"


def _entries(path: str, schema: type) -> Iterator[Section]:
    if is_dataclass(schema):
        explained = meanings(schema)
        keys = [
            Key(f"{path}.NAME.{field.name}", _with_range(schema, field.name, explained.get(field.name, "")))
            for field in fields(schema)
        ]
        yield Section(heading(schema), keys)


def _key(path: str, value: Any, meaning: str) -> Key:
    required = ["required"] if value == MISSING else []
    return Key(f"{path}={shown(value)}", "; ".join([*required, meaning] if meaning else required))


def shown(value: Any) -> str:
    """Return a value as typed on the command line; an empty text if it is still missing."""
    if value == MISSING:
        return ""
    if isinstance(value, list):
        return f"[{','.join(map(shown, value))}]"
    return value if isinstance(value, str) and value else json.dumps(value)

"""A composed config as settings: objects whose values are all what they may be, before any work is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf

from maesum.config.fields import check_value, has_limits

Settings = TypeVar("Settings")


def checked(config: DictConfig, schema: type[Settings], prefix: str = "") -> Settings:
    """Make an object of a composed config, and refuse it unless every setting is what it may be.

    Every command calls this first: what it refuses costs no work and leaves nothing.

    Args:
        config: of a command, or the part of it that `schema` describes.
        schema: the dataclass that it was composed with.
        prefix: what stands before its keys, such as "source.".

    Returns:
        The settings, interpolations resolved, with an object for each part that has a dataclass of its own.

    Raises:
        MaesumError: a value outside its range or choices, or values that do not go together.
        MissingMandatoryValue: a key that is required and was not given.
    """
    check_settings(config, prefix)
    OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # its message names the whole key
    settings = OmegaConf.to_object(config)
    if not isinstance(settings, schema):
        raise TypeError(f"the config is a {type(settings).__name__}, wanted {schema.__name__}")
    _check_rules(settings, prefix)
    return settings


def check_settings(settings: Any, prefix: str = "") -> None:
    """Refuse numbers outside the range of their setting and unknown choices; what is not given yet passes.

    Args:
        settings: an object of a dataclass whose fields are `setting`s, or a config that was composed with one; what is
            within it is looked at as well.
        prefix: what stands before its keys, such as "data.".

    Raises:
        MaesumError: naming the key, the value found and the values wanted.
    """
    for name, value, metadata in _entries(settings):
        check_value(f"{prefix}{name}", value, metadata)
        if _has_entries(value):
            check_settings(value, f"{prefix}{name}.")


def _check_rules(settings: Any, prefix: str) -> None:
    """Call the method `check_rules` of every dataclass that has one: it refuses values that do not go together."""
    for name, value, _ in _entries(settings):
        if _has_entries(value):
            _check_rules(value, f"{prefix}{name}.")
    if hasattr(type(settings), "check_rules"):
        settings.check_rules(prefix)


def _has_entries(value: Any) -> bool:
    return isinstance(value, (DictConfig, dict)) or is_dataclass(value)


def _entries(settings: Any) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """The name, the value and the declaration of every setting; of a table without a dataclass, nothing declared."""
    is_config = isinstance(settings, DictConfig)
    schema = cast(type, OmegaConf.get_type(settings)) if is_config else type(settings)
    declared = {each.name: each.metadata for each in fields(schema)} if is_dataclass(schema) else {}
    names = list(settings) if isinstance(settings, (DictConfig, dict)) else list(declared)
    for name in names:
        metadata: Mapping[str, Any] = declared.get(str(name), {})
        if is_config and (OmegaConf.is_missing(settings, name) or _is_left_unread(settings, name, metadata)):
            continue
        value = settings[name] if isinstance(settings, (DictConfig, dict)) else getattr(settings, name)
        yield str(name), value, metadata


def _is_left_unread(config: DictConfig, name: Any, metadata: Mapping[str, Any]) -> bool:
    """Whether a value is computed from others, by what only a running command may have, and has no limits."""
    return OmegaConf.is_interpolation(config, name) and not has_limits(metadata)

"""Turn a composed config into settings objects and check every value before any work is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf

from maesum.config.fields import check_value, has_limits

Settings = TypeVar("Settings")


def checked(config: DictConfig, schema: type[Settings], prefix: str = "") -> Settings:
    """Convert a composed config to a settings object; refuse it if any setting has a value that is not allowed.

    Every command calls this first, so that a bad setting is refused before any work is done or any file written.

    Args:
        config: the config of a command, or the part of it that `schema` describes.
        schema: the dataclass that the config was composed with.
        prefix: the prefix of its keys in error messages, such as "source.".

    Returns:
        The settings with interpolations resolved. Each part that has its own dataclass is an object too.

    Raises:
        MaesumError: a value is outside its range or choices, or some values do not go together.
        MissingMandatoryValue: a required key was not given.
    """
    check_settings(config, prefix)
    OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # its error message names the full key
    settings = OmegaConf.to_object(config)
    if not isinstance(settings, schema):
        raise TypeError(f"the config is a {type(settings).__name__}, wanted {schema.__name__}")
    _check_rules(settings, prefix)
    return settings


def check_settings(settings: Any, prefix: str = "") -> None:
    """Refuse numbers outside the range of their setting, and unknown choices; missing values pass.

    Args:
        settings: an object of a dataclass whose fields are `setting`s, or a config that was composed with one; nested
            settings are checked as well.
        prefix: the prefix of its keys in error messages, such as "data.".

    Raises:
        MaesumError: naming the key, the value found and the values wanted.
    """
    for name, value, metadata in _entries(settings):
        check_value(f"{prefix}{name}", value, metadata)
        if _has_entries(value):
            check_settings(value, f"{prefix}{name}.")


def _check_rules(settings: Any, prefix: str) -> None:
    """Call `check_rules` of every dataclass that has this method, which refuses values that do not go together."""
    for name, value, _ in _entries(settings):
        if _has_entries(value):
            _check_rules(value, f"{prefix}{name}.")
    if hasattr(type(settings), "check_rules"):
        settings.check_rules(prefix)


def _has_entries(value: Any) -> bool:
    return isinstance(value, (DictConfig, dict)) or is_dataclass(value)


def _entries(settings: Any) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Yield the name, value and field metadata of every setting; the metadata of a plain mapping's entries is empty."""
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
    """Whether a value is an interpolation without limits; resolving it may need a running command, so it is skipped."""
    return OmegaConf.is_interpolation(config, name) and not has_limits(metadata)

"""Limit which classes and functions a config from outside the project may call, and with which arguments.

`_target_` names a class or function that is called when the config is used. A config from outside may name only those
that the project's own configs name: loggers (conf/logger), backbones and importers. Any other one, and any further
argument, must be given on the command line: `logger.mine._target_=my_package.MyLogger`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from maesum.config import CONF_DIR
from maesum.system.errors import MaesumError

_TARGET = "_target_"
#: Parts of a config whose texts become the command lines of jobs.
_COMMAND_LINES = ("sweeps", "demo")


def known_targets() -> dict[str, frozenset[str]]:
    """Return the names of the arguments that the project's own configs give each target."""
    from maesum.config.backbones import BACKBONE_SCHEMAS
    from maesum.data.sources import source_schemas

    known: dict[str, frozenset[str]] = {}
    for path in sorted((CONF_DIR / "logger").glob("*.yaml")):
        content = cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(path), resolve=False))
        known[content[_TARGET]] = frozenset(content)
    for schema in (*source_schemas().values(), *BACKBONE_SCHEMAS.values()):
        known[schema()._target_] = frozenset(each.name for each in fields(schema))
    return known


def checked_config(config: DictConfig, command: str, overrides: Sequence[str], where: str) -> DictConfig:
    """Check a config that was composed from files outside the project, and give it the types of the command's schema.

    The config.yaml of a run names no schema, so wrong types would only be noticed where the values are used.

    Args:
        config: the config without its part `hydra`.
        command: the command that the config is for.
        overrides: the overrides of the command line, without those of Hydra's own settings.
        where: the folders outside that it was composed from, for error messages.

    Raises:
        MaesumError: it would call a target that neither the project's configs nor the command line name.
        OmegaConfBaseException: it has a key that the command does not have, or a value of a wrong type.
    """
    schema = ConfigStore.instance().load(f"{command}_schema.yaml").node
    typed = OmegaConf.merge(schema, config)
    OmegaConf.copy_cache(config, cast(DictConfig, typed))
    # Resolved, since an interpolation may assemble a `_target_` or read it from another key.
    plain = cast(dict[str, Any], OmegaConf.to_container(typed, resolve=True))
    given = list(_given(overrides))
    known = known_targets()
    for path, value in _nodes(plain):
        if isinstance(value, dict) and _TARGET in value:
            _check_target(path, value, known, given, where)
        elif isinstance(value, str) and _may_run_later(path, value) and not _was_given(path, value, given):
            _refuse(path, value, where)
    return cast(DictConfig, typed)


def _check_target(
    path: tuple[str, ...], node: dict[str, Any], known: dict[str, frozenset[str]], given: list[Any], where: str
) -> None:
    target = node[_TARGET]
    if _was_given((*path, _TARGET), target, given):
        return
    if not isinstance(target, str) or target not in known:
        _refuse((*path, _TARGET), target, where)
    for key, value in node.items():
        if key not in known[target] and not _was_given((*path, key), value, given):
            _refuse((*path, key), value, where)


def _may_run_later(path: tuple[str, ...], text: str) -> bool:
    """Whether a text could run code later, in a config or on a command line that it becomes part of."""
    is_option = path[0] in _COMMAND_LINES and text.lstrip("+~").startswith(("-", "hydra"))
    return is_option or _TARGET in text or "${" in text


def _refuse(path: tuple[str, ...], value: Any, where: str) -> None:
    key = ".".join(path)
    raise MaesumError(
        f"{where}: the config there sets {key} to {value!r}, and what a config from elsewhere names is not run; remove "
        f"it there, or give it on the command line if you trust it: ++{key}=..."
    )


def _nodes(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value of a plain config with its path, mappings and lists included."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _nodes(item, (*path, str(key)))


def _given(overrides: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value that the command line sets, with its path."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        if override.package is None and not override.is_delete():
            yield from _nodes(_plain(override.value()), tuple(override.key_or_group.split(".")))


def _plain(value: Any) -> Any:
    """Return an override's value without the quotes that its parser keeps."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return getattr(value, "text", value)


def _was_given(path: tuple[str, ...], value: Any, given: list[tuple[tuple[str, ...], Any]]) -> bool:
    return (path, value) in given

"""Which classes and functions a config from outside the project may have instantiated, and with which arguments.

`_target_` names a class or function that is called when the config is used. Those of the project's own configs are
known: loggers (conf/logger), backbones and importers. Any other, and any further argument, is for the command line
alone: `logger.mine._target_=my_package.MyLogger`.
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
#: Parts of a config whose texts become command lines of further jobs.
_COMMAND_LINES = ("sweeps", "demo")


def known_targets() -> dict[str, frozenset[str]]:
    """The arguments that the project's own configs give each target."""
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
    """Check a config that was composed from files outside, and give it the types of the command's schema.

    A run's own config.yaml names no schema, so that wrong types would only be noticed where they are used.

    Args:
        config: without its part `hydra`.
        command: whose config it is.
        overrides: those of the command line that are not Hydra's.
        where: the folders it was composed from.

    Raises:
        MaesumError: it would have something called that the project's configs and the command line do not name.
        OmegaConfBaseException: a key that the command does not have, or a value of another type.
    """
    schema = ConfigStore.instance().load(f"{command}_schema.yaml").node
    typed = OmegaConf.merge(schema, config)
    OmegaConf.copy_cache(config, cast(DictConfig, typed))
    # Resolved, since an interpolation may put a `_target_` together or read it from elsewhere.
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
    """Whether a text would be more than a text in a config or on a command line that is made of it."""
    is_option = path[0] in _COMMAND_LINES and text.lstrip("+~").startswith(("-", "hydra"))
    return is_option or _TARGET in text or "${" in text


def _refuse(path: tuple[str, ...], value: Any, where: str) -> None:
    key = ".".join(path)
    raise MaesumError(
        f"{where}: the config there sets {key} to {value!r}, and what a config from elsewhere names is not run; remove "
        f"it there, or give it on the command line if you trust it: ++{key}=..."
    )


def _nodes(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a plain config with its place, tables and lists included."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _nodes(item, (*path, str(key)))


def _given(overrides: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that the command line sets, with its place."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        if override.package is None and not override.is_delete():
            yield from _nodes(_plain(override.value()), tuple(override.key_or_group.split(".")))


def _plain(value: Any) -> Any:
    """An override's value without the quotes that its parser keeps."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return getattr(value, "text", value)


def _was_given(path: tuple[str, ...], value: Any, given: list[tuple[tuple[str, ...], Any]]) -> bool:
    return (path, value) in given

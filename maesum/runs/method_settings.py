"""Read the YAML files of methods, so that runs can be planned, checked and named without loading torch."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any, cast

from maesum.config import CONF_DIR
from maesum.system.errors import MaesumError

#: The data that a method may read, and the parts of a training config that name their files.
PARTS_READ = {
    "clips": ("data", "benchmarks"),
    "labelled clips": ("labelled",),
    "videos": ("benchmarks",),
    "weights": ("benchmarks",),  # the weights that init= names are scored and not trained
    "nothing": ("benchmarks",),
}
#: Keys of the node `method` that any method may have. Raise the number `revision` of a method whose results change at
#: the same settings, so that earlier runs are not taken for present ones.
COMMON = ("name", "reads", "revision")
#: Parts of a training config that are read for some data only.
_READ_FOR = {"labelled": "labelled clips", "splits": "videos"}


def method_files() -> dict[str, Path]:
    """Return the YAML file of every method by its name, from conf/method and the folder that MAESUM_METHODS names."""
    return {path.stem: path for folder in _folders() for path in sorted(folder.glob("*.yaml"))}


def added_methods() -> dict[str, Path]:
    """Return those of `method_files` that are not in conf/method."""
    return {name: path for name, path in method_files().items() if path.parent != CONF_DIR / "method"}


def method_names() -> list[str]:
    """Return the names that `method=` takes."""
    return sorted(method_files())


def parts_read(config: dict[str, Any]) -> tuple[str, ...]:
    """Return the parts of a training config whose files its method reads."""
    return PARTS_READ[config["method"]["reads"]]


def unread_parts(config: dict[str, Any]) -> list[str]:
    """Return the parts of a training config that its method does not read."""
    reads = (config.get("method") or {}).get("reads")
    return [] if reads is None else [part for part, wanted in _READ_FOR.items() if reads != wanted]


def check_method(node: dict[str, Any]) -> None:
    """Refuse a `method` node with an unknown `name` or `reads`.

    Raises:
        MaesumError: naming the value found and those wanted.
    """
    for key, wanted in (("name", method_names()), ("reads", list(PARTS_READ))):
        if node.get(key) not in wanted:
            raise MaesumError(f"method.{key} is {node.get(key)!r}, wanted one of {', '.join(wanted)}.")


def own_choices(node: dict[str, Any]) -> dict[str, Any]:
    """Return a `method` node without the settings that equal those in its YAML.

    So the identity of old runs stays the same when a method gets a new setting.
    """
    usual = method_defaults(node["name"]) if node.get("name") in method_files() else {}
    return {key: value for key, value in node.items() if key in ("name", "revision") or value != usual.get(key, ...)}


def method_defaults(name: str) -> dict[str, Any]:
    """Return the content of a method's YAML."""
    path = method_files()[name]
    return dict(_content(path, path.stat().st_mtime_ns))


@functools.cache
def _content(path: Path, changed: int) -> dict[str, Any]:
    from omegaconf import OmegaConf

    return cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(path), resolve=False))


def _folders() -> list[Path]:
    added = os.environ.get("MAESUM_METHODS")
    return [CONF_DIR / "method", *([Path(added)] if added else [])]

"""The ready-made settings of a command: folders of conf/ from which `group=option` chooses a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import MISSING, OmegaConf

from maesum.config.registry import CONF_DIR


class Group(NamedTuple):
    """One folder of settings.

    Attributes:
        chosen: the option that holds if none is given, or a list where several may be chosen.
        options: the names of its files.
    """

    name: str
    chosen: Any
    options: list[str]

    @property
    def is_required(self) -> bool:
        """Whether the user has to choose."""
        return self.chosen == MISSING


def groups_of(config_file: Path) -> list[Group]:
    """The groups that a command's defaults list names, in its order."""
    found: list[Group] = []
    content: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(config_file))  # type: ignore[assignment]
    for entry in content.get("defaults", []):
        if isinstance(entry, dict):
            ((name, chosen),) = entry.items()
            if not str(name).startswith("override "):
                found.append(Group(str(name), chosen, options_of(str(name))))
    return found


def options_of(group: str) -> list[str]:
    """What `group=` takes, in alphabetical order."""
    return sorted(path.stem for path in (CONF_DIR / group).glob("*.yaml"))


def description(group: str, option: str) -> str:
    """The first paragraph of the comment that an option's file begins with."""
    lines: list[str] = []
    for line in (CONF_DIR / group / f"{option}.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("# ") or line.startswith("#  "):
            break
        lines.append(line[2:])
    return " ".join(lines)

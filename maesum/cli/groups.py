"""The ready-made settings of a command: folders of conf/ from which `group=option` chooses a file."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from omegaconf import MISSING, OmegaConf

from maesum.config import CONF_DIR


class Group(NamedTuple):
    """One folder of settings.

    Attributes:
        chosen: the option that holds if none is given, or a list of them.
        options: the names of its files.
        takes_several: whether `group=[a,b]` is meant.
    """

    name: str
    chosen: Any
    options: list[str]
    takes_several: bool

    @property
    def is_required(self) -> bool:
        """Whether the user has to choose."""
        return self.chosen == MISSING


def groups_of(config_name: str) -> list[Group]:
    """The groups that the defaults list of conf/<config_name>.yaml names, in its order, and those of files in it."""
    found: list[Group] = []
    content = cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(CONF_DIR / f"{config_name}.yaml")))
    for entry in content["defaults"]:
        if isinstance(entry, dict):
            ((name, chosen),) = entry.items()
            if not name.startswith("override "):
                found.append(Group(name, chosen, options_of(name), isinstance(chosen, list)))
        elif (CONF_DIR / f"{entry}.yaml").is_file():
            found += groups_of(entry)
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

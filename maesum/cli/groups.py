"""Find the config groups of a command: folders of conf/ from which `group=option` chooses a file."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from omegaconf import MISSING, OmegaConf

from maesum.config import CONF_DIR


class Group(NamedTuple):
    """One config group.

    Attributes:
        chosen: the option that is used if none is given, or a list of options.
        options: the names of its files without suffix.
        takes_several: whether the group takes a list, `group=[a,b]`.
    """

    name: str
    chosen: Any
    options: list[str]
    takes_several: bool

    @property
    def is_required(self) -> bool:
        """Whether the user must choose an option."""
        return self.chosen == MISSING


def groups_of(config_name: str) -> list[Group]:
    """Return the groups in the defaults list of conf/<config_name>.yaml, in order, with those of files listed there."""
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
    """Return the options of a group in alphabetical order."""
    return sorted(path.stem for path in (CONF_DIR / group).glob("*.yaml"))


def description(group: str, option: str) -> str:
    """Return the first paragraph of the comment at the top of an option's file."""
    lines: list[str] = []
    for line in (CONF_DIR / group / f"{option}.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("# ") or line.startswith("#  "):
            break
        lines.append(line[2:])
    return " ".join(lines)

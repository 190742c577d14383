"""Write the help text of a command: what the command does, its ready-made settings, and all its keys.

The text comes from the code itself: the first part is the docstring of the command's module, the meaning of a key is
the help text of its field (`maesum.config.fields.setting`), and the values are those of the composed config, so
`--help` beside other arguments shows what these set.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill, wrap

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, flag_override

from maesum.cli.groups import Group, description, groups_of, options_of
from maesum.cli.listing import Key, Section, sections, shown
from maesum.config import CONF_DIR
from maesum.methods.schema import settings_schema
from maesum.runs.method_settings import method_names

_WIDTH = 100
#: The column where meanings begin; the meaning of a longer setting begins on the next line.
_COLUMN = 34
_FOOTER = """\
Set a key with key=value, a list with key=[a,b], no value with key=null. A path or a name may contain any characters;
quote it for the shell where needed: video="my day (1).mp4".
--help together with other arguments shows the values that they set; --cfg job prints the composed config; -m key=a,b
runs the command once for each value; --hydra-help lists all flags."""


def command_help(
    command: str, document: str, additions: Mapping[str, str], overrides: Sequence[str], config_name: str
) -> str:
    """Return the help text of one command.

    Args:
        command: name of the command, e.g. "train".
        document: the docstring of the command's module.
        additions: config groups that are chosen with a plus, as in `+group=option`, and what their options are.
        overrides: the other arguments of the command line.
        config_name: name of the command's config, conf/<config_name>.yaml.

    Raises:
        HydraException: the overrides do not compose.
    """
    width = max(60, min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns))
    ready = [Key(f"+{name}=NAME", f"{text}: {', '.join(options_of(name))}") for name, text in additions.items()]
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        groups, listed = _composed(config_name, overrides)
    ready += [_choice(group) for group in groups]
    if ready:
        listed.insert(0, Section("Ready-made settings (files in conf/) and the ones chosen.", ready))
    parts = [f"usage: python -m maesum.{command} [key=value ...]", *_paragraphs(document, width)]
    parts += [_laid_out(section, width) for section in listed]
    return "\n\n".join([*parts, fill(_FOOTER, width)])


def _composed(config_name: str, overrides: Sequence[str]) -> tuple[list[Group], list[Section]]:
    """Return the groups of a command, each with the option chosen now, and the sections of its config."""
    given = {each.key_or_group: each.value() for each in OverridesParser.create().parse_overrides(list(overrides))}
    groups = [group._replace(chosen=given.get(group.name, group.chosen)) for group in groups_of(config_name)]
    open_groups = [group for group in groups if group.is_required]
    config = compose(config_name, [*overrides, *(f"~{group.name}" for group in open_groups)], return_hydra_config=True)
    choices = config.hydra.runtime.choices  # includes the choices of an experiment file
    groups = [group._replace(chosen=choices.get(group.name) or group.chosen) for group in groups]
    with flag_override(config, "struct", False):
        del config["hydra"]
    titles = {
        group.name: f"{group.name}={group.chosen}: {description(group.name, group.chosen)}"
        for group in groups
        if group.chosen in group.options
    } | {group.name: "" for group in open_groups}
    listed = sections(config, titles, schemas=_method_schema(config))
    for group in open_groups:
        for option in group.options:
            node = compose(config_name, [*overrides, f"{group.name}={option}"])[group.name]
            title = f"{group.name}={option}: {description(group.name, option)}"
            listed += sections(node, {}, f"{group.name}.", title) or [Section(title, [])]
    return groups, listed


def _method_schema(config: DictConfig) -> dict[str, type]:
    """Return the schema of `method`, where a command has this part and a method is chosen."""
    name = config.method.get("name") if "method" in config else None
    return {"method": settings_schema(name)} if name in method_names() else {}


def _choice(group: Group) -> Key:
    required = "required; " if group.is_required else ""
    number = "any" if group.takes_several else "one"
    return Key(f"{group.name}={shown(group.chosen)}", f"{required}{number} of {', '.join(group.options)}")


def _paragraphs(document: str, width: int) -> Iterator[str]:
    """Yield the paragraphs of a docstring, wrapped unless they are indented."""
    for paragraph in document.strip().split("\n\n"):
        yield paragraph if paragraph.startswith(" ") else fill(" ".join(paragraph.split()), width)


def _laid_out(section: Section, width: int) -> str:
    """Return a section as text: its title, then each setting with its meaning beside it, or below if it is long."""
    lines = [fill(section.title, width)]
    for setting, meaning in section.keys:
        left = f"  {setting}" if len(setting) <= width - 2 else f"  {setting[: width - 5]}..."
        right = wrap(meaning, width - _COLUMN, break_on_hyphens=False)
        if right and len(left) <= _COLUMN - 2:
            left = left.ljust(_COLUMN) + right.pop(0)
        lines += [left, *(" " * _COLUMN + line for line in right)]
    return "\n".join(lines)

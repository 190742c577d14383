"""Explain in one sentence what is wrong with arguments that Hydra or its parser refuses, and suggest a correction."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from omegaconf import DictConfig

from maesum.cli.groups import options_of
from maesum.system.errors import first_line

_GRAMMAR = "options are written key=value, without spaces around the '='"

#: Config groups whose files set keys anywhere in the config.
_GLOBAL_GROUPS = ("experiment", "scale")


def unknown_flag(flags: Sequence[str], arguments: Sequence[str]) -> str:
    """Explain arguments that Hydra's parser did not know: unknown flags, or options separated from the others.

    Args:
        flags: the arguments that the parser did not know.
        arguments: the whole command line.
    """
    first = flags[0]
    if not first.startswith("-"):
        return f"'{first}' stands apart from the other options; put all key=value together, before or after the flags."
    flag, equals, value = first.partition("=")
    behind = list(arguments[arguments.index(first) + 1 :])
    if not equals:
        value = behind[0] if behind and not behind[0].startswith("-") and "=" not in behind[0] else "..."
    meant = f"{flag.lstrip('-').replace('-', '_')}={value}"
    return f"there is no flag '{flag}'; {_GRAMMAR} and without dashes: {meant}."


def unreadable_override(error: BaseException) -> str | None:
    """Return an option that does not follow Hydra's grammar; None where this is not the error."""
    override = getattr(error, "override", None)
    if not isinstance(override, str):
        return None
    key, equals, value = (part.strip() for part in override.partition("="))
    if not equals or not key:
        return f"'{override}' is no option; {_GRAMMAR}, and --help lists the keys."
    if override != f"{key}={value}":
        return f"'{override}' is no option; {_GRAMMAR}: {key}={value}."
    if value.startswith(("[", "{")) or "(" in value.split(" ")[0]:  # an unclosed list or call, or a name like these
        return (
            f"{override}: the value cannot be read ({first_line(error)}); a list is written key=[a,b], and for a name "
            f"that holds such signs type: {_quoted(key, value)}"
        )
    return (
        f"{override}: a value with letters outside ASCII, quotes, commas, brackets, '#', '~' or '=' needs two pairs of "
        f"quotes; type: {_quoted(key, value)}"
    )


def ambiguous_value(error: BaseException) -> str | None:
    """Explain several values where one is wanted, or a name with a comma; return None if the error is another."""
    match = re.search(r"Ambiguous value for argument '(.*)'\n", str(error))
    if match is None:
        return None
    key, _, value = match[1].partition("=")
    return (
        f"{match[1]}: several values are tried one after the other with -m, and a list is written {key}=[{value}]; for "
        f"a name that holds commas type: {_quoted(key, value)}"
    )


def wrong_kind(error: BaseException) -> str | None:
    """Return a list or a table where one value is wanted; None where this is not the error."""
    texts: list[str] = []
    each: BaseException | None = error
    while each is not None:
        texts.append(str(each))
        each = each.__cause__
    text = "\n".join(texts)
    override = re.search(r"Error merging override (.+)", text)
    kind = re.search(r"Cannot convert '(list|dict|ListConfig|DictConfig)' to", text)
    if override is None or kind is None:
        return None
    return f"{override[1]}: this key takes one value, not a {'list' if 'ist' in kind[1] else 'table'}."


def _quoted(key: str, value: str) -> str:
    """Return the option as typed in a shell, quoted for the shell and for Hydra."""
    from maesum.config.overrides import as_typed, path_setting

    return as_typed([path_setting(key, Path(value).expanduser())])


def unknown_option(error: BaseException) -> str | None:
    """Return an option of a config group for which there is no file; None where this is not the error."""
    match = re.search(r"Could not (?:find|load) '(?:([^']+)/)?([^'/]+)'", str(error))
    if match is None or match[1] is None:
        return None
    group, name = match.groups()
    options = getattr(error, "options", None) or options_of(group)
    if not options:
        return f"there is no config group '{group}'; --help lists the groups of a command."
    near = difflib.get_close_matches(name, options, n=1)
    hint = f"did you mean '{near[0]}', " if near else "wanted "
    return f"there is no {group}={name}; {hint}one of {', '.join(sorted(options))}{'?' if near else '.'}"


def unknown_key(error: BaseException) -> str | None:
    """Return a key that the config does not have; None where this is not the error."""
    match = re.search(r"Key '([^']+)' (?:is )?not in(?: struct| '([^']+)')?", str(error))
    if match is None:
        return None
    full_key = getattr(error, "full_key", None) or match.group(1)
    if full_key == "task":
        return "there is no config key 'task' any more; what is trained is chosen by method=, as in method=dr_dsn."
    if full_key in _GLOBAL_GROUPS:
        return f"{full_key}=...: the file sets nothing of the config; begin it with the line '# @package _global_'."
    parent = getattr(error, "parent_node", None)
    known = [str(key) for key in parent] if isinstance(parent, DictConfig) else []
    near = difflib.get_close_matches(match.group(1), known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(sorted(known))}."
    return f"there is no config key '{full_key}'; {hint}"


#: Functions that are tried in turn to explain an error of Hydra or OmegaConf; each returns None if it does not apply.
MISTAKES: tuple[Callable[[BaseException], str | None], ...] = (
    unreadable_override,
    ambiguous_value,
    unknown_option,
    unknown_key,
)

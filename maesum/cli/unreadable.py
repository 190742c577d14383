"""Explain in one sentence what is wrong with a config file that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from maesum.system.errors import MaesumError, first_line


def unreadable_config(error: ValueError | yaml.YAMLError, folders: Iterable[str]) -> MaesumError:
    """Return the sentence for what reading or composing config files has raised.

    Args:
        folders: where the config files lie; searched for the bad file if the error does not name it.
    """
    folders = list(folders)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return MaesumError(
            f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: not valid YAML ({error.problem}); correct "
            "the file there."
        )
    if isinstance(error, yaml.reader.ReaderError):
        return MaesumError(f"{error.name}: not valid YAML, character {error.position + 1} is {error.character!r}.")
    if isinstance(error, UnicodeDecodeError):
        found = ", ".join(_not_text(folders)) or f"a config file in {', '.join(folders)}"
        return MaesumError(f"{found}: not text in UTF-8 ({error.reason}); save the file as UTF-8.")
    return MaesumError(f"a config file in {', '.join(folders)} cannot be used: {first_line(error)}.")


def _not_text(folders: Iterable[str]) -> list[str]:
    found = []
    for path in (path for folder in folders for path in sorted(Path(folder).rglob("*.yaml"))):
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            found.append(str(path))
        except OSError:
            continue
    return found

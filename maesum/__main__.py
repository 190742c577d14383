"""Run one of the commands: `maesum COMMAND ...`, or `python -m maesum COMMAND ...`.

Each command is the module of the same name, and `maesum train` runs `python -m maesum.train` in this process: that
module becomes `__main__`, which Lightning needs to start the further processes of DDP.
"""

from __future__ import annotations

import ast
import difflib
import runpy
import sys
from pathlib import Path

from maesum import __version__
from maesum.system.printing import say

#: The commands, in the order in which a user usually needs them.
COMMANDS = (
    "prepare",
    "train",
    "predict",
    "evaluate",
    "sweep",
    "report",
    "extract",
    "summarize",
    "export",
    "dashboard",
)
_EXIT_USER_ERROR = 2


def main() -> None:
    """Run the command that the first argument names; without one, or with --help, list them."""
    first, *rest = sys.argv[1:] or ["--help"]
    if first in COMMANDS:
        sys.argv[1:] = rest
        runpy.run_module(f"maesum.{first}", run_name="__main__", alter_sys=True)
    elif first in ("-h", "--help", "help"):
        say(overview())
    elif first in ("-V", "--version"):
        say(f"maesum {__version__}")
    else:
        near = difflib.get_close_matches(first, COMMANDS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"wanted one of {', '.join(COMMANDS)}."
        say(f"error: there is no command '{first}'; {hint}", error=True)
        sys.exit(_EXIT_USER_ERROR)


def overview() -> str:
    """Return the commands, each with the first line of its module's docstring."""
    width = max(len(command) for command in COMMANDS)
    lines = [f"  {command:{width}}  {_summary(command)}" for command in COMMANDS]
    return "\n".join(
        [
            "usage: maesum COMMAND [key=value ...]",
            "",
            *lines,
            "",
            "maesum COMMAND --help explains every key of a command; maesum --version prints the version.",
        ]
    )


def _summary(command: str) -> str:
    """Return the first paragraph of a command's docstring, read from its source without importing it."""
    source = Path(__file__).with_name(f"{command}.py").read_text(encoding="utf-8")
    document = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(document.split("\n\n")[0].split())


if __name__ == "__main__":
    main()

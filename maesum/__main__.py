"""Run one of the commands: `maesum COMMAND ...`, or `python -m maesum COMMAND ...`.

Each is the module of the same name, so `maesum train` and `python -m maesum.train` are one thing: the module takes the
place of this one as the program that runs, which is what Lightning starts again for the further processes of DDP.
"""

from __future__ import annotations

import ast
import difflib
import runpy
import sys
from pathlib import Path

from maesum import __version__
from maesum.system.printing import say

#: In the order in which one needs them.
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
    """The commands, each with the first line of its module's docstring."""
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
    """What a command does, read from its source so that listing the commands imports none of them."""
    source = Path(__file__).with_name(f"{command}.py").read_text(encoding="utf-8")
    document = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(document.split("\n\n")[0].split())


if __name__ == "__main__":
    main()

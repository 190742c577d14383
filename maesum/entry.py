"""How every command starts: compose the config, run the task, turn the user's mistakes into one sentence."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from maesum.config import CONF_DIR, register_schemas
from maesum.errors import MaesumError

#: Exit status of a command that stopped because of what it was given.
EXIT_USER_ERROR = 2

_USER_ERRORS = (MaesumError, HydraException, OmegaConfBaseException)


def entry_point(config_name: str, task: Callable[[DictConfig], Any]) -> Callable[[], None]:
    """The `main` of one command: `task` gets the composed config of conf/<config_name>.yaml.

    A `MaesumError` and a config that does not compose end the program with one sentence on standard error and status
    2; any other exception is a defect of ours and keeps its traceback.
    """

    def main() -> None:
        register_schemas()
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # let Hydra raise, so that the message below is the only one
        sys.argv[1:] = order_overrides(sys.argv[1:])
        failure: Exception | None = None

        def guarded(config: DictConfig) -> Any:
            nonlocal failure
            try:
                return task(config)
            except _USER_ERRORS as error:
                failure = error  # caught here because Hydra would print a line of its own before ours
                return None

        try:
            hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=config_name)(guarded)()
        except _USER_ERRORS as error:
            failure = error
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(130)
        if failure is not None:
            print(f"error: {explain(failure)}", file=sys.stderr)
            sys.exit(EXIT_USER_ERROR)

    return main


def order_overrides(arguments: list[str]) -> list[str]:
    """Put `+scale=...` behind the other arguments.

    Hydra composes added groups in the order given, and a scale shrinks whatever experiment it is given with, so the
    two may be named in either order.
    """
    return sorted(arguments, key=lambda argument: argument.startswith("+scale="))


def explain(error: Exception) -> str:
    """The error in one sentence, with the nearest key where a key was misspelt."""
    if isinstance(error, MaesumError):
        return str(error)
    root: BaseException = error
    while isinstance(root.__cause__, _USER_ERRORS):
        root = root.__cause__
    if isinstance(root, MissingMandatoryValue):
        key = getattr(root, "full_key", "")
        return f"{key}= is required; give it on the command line."
    unknown = _unknown_key(root)
    if unknown:
        return unknown
    lines = [line.strip() for line in str(root).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("object_type=", "reference_type=", "full_key: "))]
    key = getattr(root, "full_key", None)
    text = " ".join(lines) or type(root).__name__
    outer = str(error).splitlines()[0] if root is not error and str(error) else ""
    if outer and outer not in text:
        text = f"{outer}: {text}"
    return f"config key '{key}': {text}" if key and key not in text else text


def _unknown_key(error: BaseException) -> str | None:
    match = re.search(r"Key '([^']+)' (?:is )?not in(?: struct| '([^']+)')?", str(error))
    if match is None:
        return None
    full_key = getattr(error, "full_key", None) or match.group(1)
    parent = getattr(error, "parent_node", None)
    known = [str(key) for key in parent] if isinstance(parent, DictConfig) else []
    near = difflib.get_close_matches(match.group(1), known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(sorted(known))}."
    return f"there is no config key '{full_key}'; {hint}"

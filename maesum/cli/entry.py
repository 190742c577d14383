"""Start every command: compose the config, run the command, report a user's mistake in one sentence."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any, NoReturn

import hydra

# Private: Hydra builds its parser of flags nowhere else, and a wrong flag gets a sentence by parsing before Hydra runs.
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue, OmegaConfBaseException

import maesum
from maesum.cli.arguments import rewritten
from maesum.cli.help import command_help
from maesum.cli.mistakes import MISTAKES, unknown_flag, wrong_kind
from maesum.cli.outside import guard_composition, outside_folders
from maesum.cli.places import check_places, is_of_the_job, named_run_folder
from maesum.cli.registration import register_resolvers, register_schemas
from maesum.cli.targets import checked_config
from maesum.config import CONF_DIR
from maesum.config.fields import meanings
from maesum.runs.folders import making_folders
from maesum.system.errors import MaesumError, Stopped
from maesum.system.printing import failure_sentence, say, unfailing_output
from maesum.system.signals import Ended, ending_by_signals

#: Exit status of a command that stopped because of a user's mistake.
EXIT_USER_ERROR = 2
#: Exit status of a command that was stopped by Ctrl-C: 128 + the signal's number, the shells' convention.
EXIT_INTERRUPTED = 130

logging.getLogger("matplotlib").setLevel(logging.WARNING)  # at INFO it logs each search for fonts
register_resolvers()  # at import, since the worker processes of a multirun import this module but run no command

_USER_ERRORS = (MaesumError, HydraException, OmegaConfBaseException)


def entry_point(
    config_name: str, command: Callable[[DictConfig], Any], additions: Mapping[str, str] | None = None
) -> Callable[[], None]:
    """Return the `main` function of one command, which calls `command` with the config of conf/<config_name>.yaml.

    `--help` begins with the docstring of the command's module. A `MaesumError`, a config that does not compose and an
    error of the file system end the program with one sentence on standard error and status 2; a signal ends it with
    128 + its number. Any other exception is a defect of this package and keeps its traceback.

    Args:
        additions: config groups that are chosen with a plus, as in +scale=demo, and what their options are.
    """

    def main() -> None:
        with unfailing_output() as output:
            status = _status_of(config_name, command, additions or {})
            sys.stdout.flush()
        unprinted = failure_sentence(output)
        if unprinted is not None and status == 0:
            say(f"error: {unprinted}", error=True)
            status = EXIT_USER_ERROR
        if status:
            sys.exit(status)

    return main


def _status_of(config_name: str, command: Callable[[DictConfig], Any], additions: Mapping[str, str]) -> int:
    """Run a command, print its error if there is one, and return the exit status."""
    try:
        with ending_by_signals():
            _run(config_name, command, additions)
    except Ended as ended:
        say(f"{ended}.", error=True)
        return 128 + ended.signum
    except KeyboardInterrupt:
        say("interrupted", error=True)
        return EXIT_INTERRUPTED
    except Stopped as stopped:
        say(stopped, error=True)
        return stopped.exit_status
    except Exception as error:
        if not _has_a_sentence(error):
            raise
        say(f"error: {explain(error)}", error=True)
        return EXIT_USER_ERROR
    return 0


def _run(config_name: str, command: Callable[[DictConfig], Any], additions: Mapping[str, str]) -> None:
    """Compose the config of a command and run the command, or print its help."""
    register_schemas(config_name)
    guard_composition()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # let Hydra raise, so that the caller's message is the only one
    sys.argv[1:] = rewritten(sys.argv[1:], config_name)
    if "--version" in sys.argv[1:]:  # Hydra's parser would print its own
        say(f"maesum {maesum.__version__}")
        return
    arguments = _parsed(sys.argv[1:])
    if arguments.help:
        document = sys.modules[command.__module__].__doc__ or ""
        say(command_help(command.__name__, document, additions, arguments.overrides, config_name))
        return
    failure: Exception | None = None

    def guarded(config: DictConfig) -> Any:
        nonlocal failure
        try:
            outside = outside_folders(HydraConfig.get().runtime.config_sources)
            if outside:
                given = HydraConfig.get().overrides.task
                config = checked_config(config, config_name, list(given), ", ".join(outside))
            return command(config)
        except KeyboardInterrupt:
            if HydraConfig.get().mode is RunMode.RUN:
                folders.take_back(HydraConfig.get().runtime.output_dir)
            raise
        except Exception as error:
            if isinstance(error, Stopped) and _runs_in_turn():
                say(error, error=True)
                sys.exit(error.exit_status)  # so that the jobs after this one are not started
            if not _has_a_sentence(error) or HydraConfig.get().mode is RunMode.MULTIRUN:
                raise  # in a multirun the launcher, perhaps in another process, goes on and then names the failed jobs
            failure = error  # caught here because Hydra would print a line of its own before our message
            folders.take_back(HydraConfig.get().runtime.output_dir)
            return None

    composed = hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name=config_name)(guarded)
    if arguments.cfg or arguments.info:
        composed()
        return
    if arguments.multirun:
        check_places(arguments.overrides)
    with making_folders(named_run_folder(arguments.overrides), is_of_the_job) as folders:
        composed()
    if failure is not None:
        raise failure


def _parsed(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line with Hydra's own parser; a mistake raises an error instead of printing a usage page."""

    def refuse(message: str) -> NoReturn:
        raise MaesumError(f"{message}; --hydra-help lists the flags.")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    parsed, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise MaesumError(unknown_flag(unknown, arguments))
    if parsed.experimental_rerun is not None:
        raise MaesumError(
            f"--experimental-rerun={parsed.experimental_rerun} would run what is in that file; repeat a run by "
            "--config-path RUN/.hydra --config-name config."
        )
    return parsed


def _runs_in_turn() -> bool:
    """Return whether this job is one of several that Hydra runs in this process one after the other."""
    config = HydraConfig.get()
    return config.mode is RunMode.MULTIRUN and str(config.launcher._target_).endswith("BasicLauncher")


def _has_a_sentence(error: Exception) -> bool:
    """Return whether the error can be explained in one sentence, since its cause is no defect of this package."""
    system = isinstance(error, OSError) and error.errno is not None
    known = isinstance(error, (*_USER_ERRORS, Stopped, MemoryError))
    return system or known or _device_is_full(error) or _lost_peer(error)


def _device_is_full(error: BaseException) -> bool:
    """Return whether a GPU's memory was too small; known by its class name, since torch is not loaded here."""
    return isinstance(error, RuntimeError) and type(error).__name__ == "OutOfMemoryError"


def _lost_peer(error: BaseException) -> bool:
    """Return whether a collective operation failed because another process of the job is gone."""
    return isinstance(error, RuntimeError) and re.search(r"Connection (closed|reset) by peer", str(error)) is not None


def explain(error: Exception) -> str:
    """Return the error in one sentence, which suggests the nearest key if a key was misspelt."""
    if isinstance(error, MaesumError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:  # Hydra's own errors may be OSErrors without a number
        return f"{error.filename or 'the file system'}: {error.strerror or error}."
    if isinstance(error, MemoryError):
        return "there is not enough memory; use a smaller batch or model, or a smaller file."
    if _device_is_full(error):
        return (
            "the GPU's memory is full; lower scoring.batch_size, or in training batch_size, raise "
            "trainer.accumulate_grad_batches or take data.residency=host."
        )
    if _lost_peer(error):
        return "another process of this job has ended, so this one stops; the message of that process says why."
    if isinstance(error, InterpolationResolutionError):  # OmegaConf wraps the error of a resolver of this package
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, MaesumError):
            cause = cause.__context__
        if cause is not None:
            return str(cause)
    root: BaseException = error
    while isinstance(root.__cause__, _USER_ERRORS):
        root = root.__cause__
    if isinstance(root, MissingMandatoryValue):
        meaning = meanings(root.object_type).get(str(root.key)) if is_dataclass(root.object_type) else None
        return f"{root.full_key}= is required{f' ({meaning})' if meaning else ''}; give it on the command line."
    mistyped = next(filter(None, (find(root) for find in MISTAKES)), None) or wrong_kind(error)
    if mistyped:
        return mistyped
    lines = [line.strip() for line in str(root).partition("Config search path:")[0].splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("object_type=", "reference_type=", "full_key:"))]
    key = getattr(root, "full_key", None)
    text = " ".join(lines) or type(root).__name__
    outer = str(error).splitlines()[0] if root is not error and str(error) else ""
    if outer and outer not in text:
        text = f"{outer}: {text}"
    return f"config key '{key}': {text}" if key and key not in text else text

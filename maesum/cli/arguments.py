"""Rewrite a command line, as a user types it, to one that Hydra understands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from omegaconf import OmegaConf

from maesum.cli.listing import shown
from maesum.cli.overrides import key_of, keys_of, parsed
from maesum.cli.quoting import ASSIGNMENT, quote_texts
from maesum.cli.registration import text_keys
from maesum.config import CONF_DIR
from maesum.system.launch import is_further_rank

_CONFIG_PATH = ("--config-path", "-cp")
#: Commands that write their results to the run folder unless `out=` names another place.
_RESULTS_BY_OUT = ("predict", "evaluate", "summarize")
_NO_FILES_OF_HYDRA = ["hydra.output_subdir=null", "hydra/job_logging=stdout"]


def rewritten(arguments: list[str], config_name: str) -> list[str]:
    """Return the arguments to give to Hydra for a command line.

    Args:
        config_name: name of the command's config, conf/<config_name>.yaml.
    """
    sweeps = any(argument in ("-m", "--multirun") or _asks_for_multirun(argument) for argument in arguments)
    arguments = quote_texts(arguments, text_keys(config_name), sweeps)
    arguments = usual_folder(absolute_config_path(order_overrides(arguments)), config_name)
    return one_writer(without_run_folder(arguments, config_name))


def _asks_for_multirun(argument: str) -> bool:
    override = parsed(argument) if "MULTIRUN" in argument else None
    return override is not None and override.key_or_group == "hydra.mode" and str(override.value()) == "MULTIRUN"


def order_overrides(arguments: list[str]) -> list[str]:
    """Swap `+scale=...` and `+experiment=...` where needed, so that the scale comes after the experiment.

    Hydra composes added groups in the order given, and a scale shrinks whatever experiment it is given with, so the
    two may be named in either order.
    """
    places = [at for at, argument in enumerate(arguments) if key_of(argument) in ("experiment", "scale")]
    ordered = sorted((arguments[at] for at in places), key=lambda argument: key_of(argument) == "scale")
    result = list(arguments)
    for at, argument in zip(places, ordered, strict=True):
        result[at] = argument
    return result


def absolute_config_path(arguments: list[str]) -> list[str]:
    """Make a relative `--config-path` relative to the working directory; Hydra would take it relative to this package.

    So `--config-path RUN/.hydra --config-name config` repeats a run.
    """
    arguments = list(arguments)
    for number, argument in enumerate(arguments):
        flag, equals, path = argument.partition("=")
        if flag in _CONFIG_PATH and equals:
            arguments[number] = f"{flag}={os.path.abspath(path)}"
        elif flag in _CONFIG_PATH and number + 1 < len(arguments):
            arguments[number + 1] = os.path.abspath(arguments[number + 1])
    return arguments


def usual_folder(arguments: list[str], config_name: str) -> list[str]:
    """Set the usual run folder of the command when a run is repeated from the `.hydra` folder of another run.

    The config saved there lacks Hydra's own settings, so Hydra would use its default folders.
    """
    paths = [path for flag, path in pairwise(arguments) if flag in _CONFIG_PATH]
    paths += [path for flag, _, path in (argument.partition("=") for argument in arguments) if flag in _CONFIG_PATH]
    if not any(Path(path).name == ".hydra" for path in paths):
        return arguments
    settings = OmegaConf.to_container(OmegaConf.load(CONF_DIR / f"{config_name}.yaml"), resolve=False)
    given = keys_of(arguments)
    usual = [
        f"{key}='{value}'" if isinstance(value, str) else f"{key}={shown(value)}"
        for key, value in _leaves(cast(dict[str, Any], settings).get("hydra", {}), "hydra")
        if key not in given
    ]
    return _beside_overrides(arguments, usual)


def _leaves(settings: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}.{key}")
        else:
            yield f"{prefix}.{key}", value


def one_writer(arguments: list[str]) -> list[str]:
    """Stop Hydra from writing its files and log in all but the first of the processes that torchrun or srun started.

    (Lightning does the same for the processes that it starts.)
    """
    if not is_further_rank():
        return arguments
    return _beside_overrides(arguments, _NO_FILES_OF_HYDRA)


def without_run_folder(arguments: list[str], config_name: str) -> list[str]:
    """Do without a run folder where it cannot be made and `out=` sends the results elsewhere."""
    given = keys_of(arguments)
    if config_name not in _RESULTS_BY_OUT or "out" not in given or "hydra.run.dir" in given:
        return arguments
    there = next(path for path in (Path("runs", config_name), Path("runs"), Path(".")) if path.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return arguments
    return _beside_overrides(arguments, ["hydra.run.dir=.", *_NO_FILES_OF_HYDRA])


def _beside_overrides(arguments: list[str], further: list[str]) -> list[str]:
    """Insert overrides after the last override, since Hydra wants all of them together."""
    given = [at for at, argument in enumerate(arguments) if ASSIGNMENT.match(argument) or parsed(argument)]
    place = given[-1] + 1 if given else len(arguments)
    return [*arguments[:place], *further, *arguments[place:]]

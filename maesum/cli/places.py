"""Find where a command writes its results, as far as the command line says.

Two jobs of a multirun (`-m`) in one place would overwrite each other's results.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from maesum.cli.overrides import key_of, parsed
from maesum.system.errors import MaesumError
from maesum.system.launch import launched

#: Keys that set where the results of a job are written.
_PLACES = ("out", "hydra.sweep.subdir", "hydra.run.dir")


def check_places(overrides: Sequence[str]) -> None:
    """Refuse a multirun in which several jobs would write their results to the same place.

    Args:
        overrides: the overrides of a command line with `-m`.

    Raises:
        MaesumError: `out=` or `hydra.sweep.subdir=` is the same for several jobs.
    """
    try:
        given = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException:
        return  # reported when the config is composed
    swept = [each.key_or_group for each in given if each.is_sweep_override()]
    for each in given:
        key, typed = each.key_or_group, str(each.input_line).lstrip("+")
        others = [name for name in swept if name != key]
        if key in _PLACES and others and "${" not in typed:
            raise MaesumError(
                f"{typed} is one place for all jobs of -m, which differ in {', '.join(others)}, so each would "
                f"overwrite the results of the previous one; leave {key}= out, or put what differs into it: "
                f"'{typed}_${{{others[0]}}}'."
            )


def named_run_folder(overrides: Sequence[str]) -> str | None:
    """Return the folder that an override `hydra.run.dir=` names; None without one, or if it refers to the config."""
    given = [each for each in map(parsed, overrides) if each is not None and each.key_or_group == "hydra.run.dir"]
    folder = str(given[-1].value()) if given else ""
    return None if not folder or "${" in folder else folder


def run_folder_is_given() -> bool:
    """Return whether the user named the folder of the running command.

    Two more cases set it on the command line: processes that Lightning starts, and runs that are repeated from the
    `.hydra` of another run, which get the usual folder.
    """
    started_by_lightning = launched() is None and int(os.environ.get("LOCAL_RANK") or 0) > 0
    given = (key_of(each) for each in HydraConfig.get().overrides.hydra if "${new_folder:" not in each)
    return "hydra.run.dir" in given and not started_by_lightning


def is_of_the_job(config: Any) -> bool:
    """Return whether Hydra has begun to run a job by this config."""
    running: Any = HydraConfig.instance().cfg
    return running is not None and running.hydra._get_root() is config

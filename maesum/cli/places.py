"""Check where the jobs of a multirun (`-m`) write: two jobs in one place would overwrite each other's results."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from maesum.system.errors import MaesumError

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
        key, _, value = str(each.input_line).lstrip("+").partition("=")
        others = [name for name in swept if name != key]
        if key in _PLACES and others and "${" not in value:
            raise MaesumError(
                f"{key}={value} is one place for all jobs of -m, which differ in {', '.join(others)}, so each would "
                f"replace what the one before left; leave {key}= out, or put what differs into it: "
                f"'{key}={value}_${{{others[0]}}}'."
            )

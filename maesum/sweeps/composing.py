"""The configs of a sweep's jobs: composed and checked here, since their jobs are command lines of Hydra's."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, cast

from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue

from maesum.config.checking import checked
from maesum.runs.identity import PRESENTATION, SCHEMAS
from maesum.runs.method_settings import check_method
from maesum.system.errors import MaesumError

#: Settings of a job that name its folder, which is not known before its config is; and what stands in for them.
_NAME_THE_FOLDER: dict[str, Any] = {"out": "", "logger": {}}


@functools.cache  # tables share most of their overrides
def key_of(override: str) -> str:
    """The key that an override sets or deletes, with the package that it names: `data` of `+data=demo`.

    Raises:
        HydraException: it does not follow Hydra's grammar.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_override(override)
    return parsed.key_or_group if parsed.package is None else f"{parsed.key_or_group}@{parsed.package}"


def compose_config(command: str, overrides: Sequence[str], is_checked: bool = False) -> dict[str, Any]:
    """The resolved config of a command without what only decides how results are shown; needs Hydra to be running.

    Args:
        command: train, predict or evaluate.
        overrides: of its command line.
        is_checked: whether it is held to the rules that the command itself holds it to before it works.

    Raises:
        MaesumError: a value that the command would refuse; a key that is required and was not given.
    """
    from hydra import compose

    config = compose(command, list(overrides))
    kept = OmegaConf.masked_copy(config, [str(key) for key in config if key not in PRESENTATION])
    if is_checked:
        schema = SCHEMAS[command]
        for each in fields(schema):
            if each.name in _NAME_THE_FOLDER:
                config[each.name] = _NAME_THE_FOLDER[each.name]
        try:
            checked(config, schema)
        except MissingMandatoryValue as error:
            raise MaesumError(f"{error.full_key}= is required and was not given.") from None
        if "method" in config:
            check_method(config.method)
    return cast(dict[str, Any], OmegaConf.to_container(kept, resolve=True))

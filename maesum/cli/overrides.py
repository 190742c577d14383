"""The overrides of a command line, as Hydra's own parser reads them."""

from __future__ import annotations

from collections.abc import Iterable

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException


def parsed(argument: str) -> Override | None:
    """An argument as Hydra reads it; None for a flag, and for what does not follow Hydra's grammar."""
    try:
        return OverridesParser.create().parse_override(argument)
    except HydraException:
        return None


def key_of(argument: str) -> str | None:
    """The key that an argument sets or deletes, without `+` or `~`; None where `parsed` gives None."""
    override = parsed(argument)
    return None if override is None else override.key_or_group


def keys_of(arguments: Iterable[str]) -> set[str]:
    """The keys that arguments set or delete."""
    return {key for argument in arguments if (key := key_of(argument)) is not None}


def given_overrides() -> list[str]:
    """The overrides of the running command, without those of Hydra's own settings."""
    return list(HydraConfig.get().overrides.task)

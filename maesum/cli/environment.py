"""Limit which environment variables a config may read by `${oc.env:NAME}`.

The values are written into the run's config.yaml and sent to its loggers. So a config from outside the project
(`maesum.cli.outside`) may read only the variables that hold data folders or describe how a job was started, and those
that the command line names; it cannot read a password or a key of the user.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from maesum.system.errors import MaesumError

#: The variables that the project's own configs read (conf/train.yaml, conf/trainer); a final `_` stands for a prefix.
_READ_BY_OUR_CONFIGS = ("MAESUM_", "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE", "SLURM_NTASKS_PER_NODE", "SLURM_NNODES")

_NO_DEFAULT = object()
#: Further variables that may be read; None = all may. Set anew for each composition of a config.
_permitted: frozenset[str] | None = None


def limit_environment(overrides: Sequence[str] | None) -> None:
    """Set which variables `${oc.env:}` may read from now on.

    Args:
        overrides: the command line; variables that it names in `${oc.env:NAME}` may be read. None = no limit.
    """
    global _permitted
    OmegaConf.register_new_resolver("oc.env", _read, replace=True)
    names = re.findall(r"\boc\.env:\s*(\w+)", " ".join(overrides or ()))
    _permitted = None if overrides is None else frozenset(names)


def _read(key: str, default: Any = _NO_DEFAULT) -> str | None:
    """Return the variable, or the default as text: the resolver `oc.env` with the limit above.

    Raises:
        MaesumError: a config from outside may not read this variable.
        KeyError: the variable is not set and there is no default.
    """
    if not _may_read(key):
        raise MaesumError(
            f"the config reads the environment variable {key}, and one from elsewhere may read only "
            f"{', '.join(name + '*' * name.endswith('_') for name in _READ_BY_OUR_CONFIGS)}; write the value there, or "
            "give the key on the command line."
        )
    if key in os.environ:
        return os.environ[key]
    if default is _NO_DEFAULT:
        raise KeyError(f"Environment variable '{key}' not found")
    return None if default is None else str(default)


def _may_read(key: str) -> bool:
    if _permitted is None or key in _permitted:
        return True
    return any(key == name or (name.endswith("_") and key.startswith(name)) for name in _READ_BY_OUR_CONFIGS)

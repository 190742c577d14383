"""Which environment variables a config may read by `${oc.env:NAME}`.

What a config reads is written into the run's config.yaml, resolved, and goes to its loggers. So a config from outside
(`maesum.cli.outside`) reads only names that say where data lies and how a job was started, or that stand on the
command line; no password or key of the user's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from maesum.system.errors import MaesumError

#: What the project's own configs read (conf/train.yaml, conf/trainer); a name that ends in `_` stands for all such.
_READ_BY_OUR_CONFIGS = ("MAESUM_", "LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE", "SLURM_NTASKS_PER_NODE", "SLURM_NNODES")

_NO_DEFAULT = object()
#: Names that may be read besides; None where any may. Set for each composition of a config.
_permitted: frozenset[str] | None = None


def limit_environment(overrides: Sequence[str] | None) -> None:
    """Say what `${oc.env:}` may read from here on.

    Args:
        overrides: the command line, whose own `${oc.env:NAME}` are the user's word; None for no limit.
    """
    global _permitted
    OmegaConf.register_new_resolver("oc.env", _read, replace=True)
    names = re.findall(r"\boc\.env:\s*(\w+)", " ".join(overrides or ()))
    _permitted = None if overrides is None else frozenset(names)


def _read(key: str, default: Any = _NO_DEFAULT) -> str | None:
    """The variable, or the default as text; the resolver `oc.env` with a limit.

    Raises:
        MaesumError: a name that a config from outside may not read.
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

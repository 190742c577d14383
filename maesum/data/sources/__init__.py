"""Importers: one module for each public layout that is brought into the project's formats.

A module that imports declares its options in a dataclass derived from `maesum.config.sources.FileSource`; its name is
what `source=` takes.
"""

from __future__ import annotations

import functools
import pkgutil
from importlib import import_module

from maesum.config.sources import DemoSource, FileSource


@functools.cache
def source_schemas() -> dict[str, type]:
    """The options of every source by the name that `source=` takes."""
    found: dict[str, type] = {"demo": DemoSource}
    for name in (each.name for each in pkgutil.iter_modules(__path__)):
        module = import_module(f"{__name__}.{name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, FileSource) and value.__module__ == module.__name__:
                found[name] = value
    return found

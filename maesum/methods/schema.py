"""Read the settings that a method declares, without importing its network: `--help` cannot wait for torch."""

from __future__ import annotations

import ast
import importlib.util
import sys
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType

from maesum.methods.registry import NoSettings, method
from maesum.runs.method_settings import COMMON, method_defaults, method_files

#: Modules that a declaration of settings may import, since they load quickly.
_QUICK = ("__future__", "dataclasses", "enum", "typing", "maesum.config")


def settings_schema(name: str) -> type:
    """Return the dataclass of a method's own settings.

    Only the quick imports and the dataclasses of the method's file are run. Where these do not suffice, e.g. because
    the settings derive from a class in a module that imports torch, the whole file is loaded, which takes seconds.

    Raises:
        MaesumError: there is no such method, or its file declares none.
    """
    if name in method_files() and not method_defaults(name).keys() - set(COMMON):
        return NoSettings
    spec = importlib.util.find_spec(f"maesum.methods.{name}")
    declared = None if spec is None or spec.origin is None else _declared(Path(spec.origin), name)
    return method(name).settings if declared is None else declared


def _declared(path: Path, name: str) -> type | None:
    """Return the dataclass that a file declares; None where it declares none or several, or one that needs the rest of
    the file."""
    content = ast.parse(path.read_text(encoding="utf-8"), str(path))
    content.body = [each for each in content.body if _is_quick_import(each) or _is_dataclass(each)]
    module = ModuleType(f"maesum.methods._settings_of_{name}")
    sys.modules[module.__name__] = module  # where annotations, which are strings, are looked up
    try:
        exec(compile(content, str(path), "exec"), vars(module))
    except NameError:
        return None
    own = [each for each in vars(module).values() if getattr(each, "__module__", None) == module.__name__]
    found = [each for each in own if isinstance(each, type) and is_dataclass(each)]
    return found[0] if len(found) == 1 else None


def _is_quick_import(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.ImportFrom) or statement.module is None:
        return False
    return any(statement.module == name or statement.module.startswith(f"{name}.") for name in _QUICK)


def _is_dataclass(statement: ast.stmt) -> bool:
    decorators = statement.decorator_list if isinstance(statement, ast.ClassDef) else []
    return any(isinstance(each, ast.Name) and each.id == "dataclass" for each in decorators)

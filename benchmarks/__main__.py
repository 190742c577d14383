"""`python -m benchmarks [name ...]`: run all benchmarks or those named, then write the tables."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.recording import write_tables

_HELPERS = ("__init__", "__main__", "recording")


def main() -> None:
    """Each module of this folder is a benchmark with a `main`."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _HELPERS)
    for name in sys.argv[1:] or names:
        if name not in names:
            sys.exit(f"error: there is no benchmark '{name}', wanted one of {', '.join(names)}.")
        print(f"-- {name}", flush=True)
        import_module(f"benchmarks.{name}").main()
    write_tables()


if __name__ == "__main__":
    main()

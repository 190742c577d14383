"""The tests of this folder need what the extra `vision` installs."""

from __future__ import annotations

collect_ignore_glob = []
try:
    import av  # noqa: F401
except ImportError:  # pragma: no cover
    collect_ignore_glob = ["test_*.py"]

"""Settings of every command: one dataclass a concern, which is the schema of its configs.

The lowest layer: it knows neither torch nor Hydra. Each field is declared by `maesum.config.fields.setting` with its
default, what it means (`--help` prints it) and the values that it may have.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
#: The config tree: inside the package in a wheel, at the top of the repository in a checkout.
CONF_DIR = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"

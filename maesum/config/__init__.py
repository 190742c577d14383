"""Define the settings of every command: one dataclass per concern, which is also the Hydra schema of its configs.

This is the lowest layer and imports neither torch nor Hydra. Each field is declared by `maesum.config.fields.setting`
with its default, its help text (which `--help` prints) and the values that it may have.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
#: The config tree: inside the package in a wheel, at the top of the repository in a checkout.
CONF_DIR = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"

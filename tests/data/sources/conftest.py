"""Where the real annotation files are, for the tests that read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    """The folder with the published files; a test that asks for it is skipped where there is none."""
    folder = Path(os.environ.get("MAESUM_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"the published annotation files are not in {folder} (set MAESUM_SHARED)")
    return folder

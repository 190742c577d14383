"""Numbers that must not move. Where one is meant to: `python -m tests.golden.test_golden` stores the new ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden.cases import CASES

STORED = Path(__file__).with_name("stored.json")


def _rounded(value: Any) -> Any:
    """Seven digits: what float32 holds."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _assert_close(found: Any, stored: Any, where: str) -> None:
    if isinstance(stored, dict):
        assert found.keys() == stored.keys(), where
        for key in stored:
            _assert_close(found[key], stored[key], f"{where}/{key}")
    elif isinstance(stored, list):
        assert len(found) == len(stored), where
        for number, (one, other) in enumerate(zip(found, stored, strict=True)):
            _assert_close(one, other, f"{where}[{number}]")
    elif isinstance(stored, float):
        assert found == pytest.approx(stored, rel=2e-5, abs=2e-6, nan_ok=True), where
    else:
        assert found == stored, where


@pytest.mark.parametrize("name", CASES)
def test_stored_results_do_not_move(name):
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    _assert_close(CASES[name](), stored[name], name)


def store() -> None:
    """Store the results of today's code."""
    results = {name: _rounded(case()) for name, case in CASES.items()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(result)}" for name, result in results.items())
    STORED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    store()

"""Masked errors of unit-norm features are some 1e-6: they are printed with their digits, not as 0.0000."""

from __future__ import annotations

import pytest

from maesum.methods.job import _report_reconstruction
from maesum.sharing.model_card import _metrics_table


@pytest.mark.parametrize(
    ("scale", "printed"),
    [
        (1e-6, "model 1.234e-06, visible mean 2.346e-06, interpolation 1.5e-06"),
        (0.1, "model 0.1234, visible mean 0.2346, interpolation 0.15"),
    ],
)
def test_the_report_keeps_significant_digits(scale: float, printed: str, capsys: pytest.CaptureFixture) -> None:
    values = {"loss": 1.23449, "error_visible_mean": 2.3456, "error_interpolation": 1.5}
    _report_reconstruction({f"val/{name}": scale * value for name, value in values.items()})
    assert capsys.readouterr().out == f"masked error of held-out clips: {printed}\n"


def test_the_model_card_keeps_them() -> None:
    assert "| `val/loss` | 1.234e-06 |" in _metrics_table({"val/loss": 1.2341e-6})

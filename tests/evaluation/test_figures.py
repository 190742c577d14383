"""Figures of titles that others have given."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from maesum.evaluation.figures import drawing, importance_figure
from maesum.summaries.outputs import write_figure
from maesum.summaries.selection import Selection
from maesum.summaries.ticks import ticks_of
from maesum.sweeps.curves import table_curve
from maesum.sweeps.results import Cell, Row

TITLES = ["costs $5 or $6_{", "$\\frac{", "日本の★", "a\x1b[31m\nb", "_\\%{}^"]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_drawn_as_it_is_written(title, tmp_path):
    ticks = ticks_of(np.arange(91) / 30)
    selection = Selection(np.array([[0, 44], [45, 89]]), np.ones(2), np.array([45, 45]), np.array([0]), 0.5, ticks)
    curve = SimpleNamespace(x=title, metric=title, by="epochs")
    table = SimpleNamespace(title=title, metrics=[title])
    row = Row({title: 1, "epochs": title}, (Cell(1.0, None, None, 2.0),), ())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        importance_figure(tmp_path / "video.png", title, np.ones((2, 90)), np.arange(90.0), 30.0)
        write_figure(tmp_path / "summary.png", title, np.arange(90.0), np.arange(91) / 30, selection)
        table_curve(tmp_path / "curve.png", table, curve, [row])
    for name in ("video", "summary", "curve"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_no_text_of_a_figure_is_a_formula(tmp_path):
    with drawing(tmp_path / "text.png", 2, 2) as figure:
        text = figure.text(0, 0, "$5")
    assert not text.get_parse_math()
    assert not text.get_usetex()

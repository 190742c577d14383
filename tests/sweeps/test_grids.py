"""Grids of figures: whole, folded for a terminal, and nothing lost by folding."""

from __future__ import annotations

import pytest

from maesum.sweeps.grids import Grid

METRICS = ("tvsum/tau", "tvsum/rho", "summe/tau", "summe/rho")


def grid() -> Grid:
    groups = {metric: [metric, "95 %"] for metric in METRICS}
    figures = [f"{number:.3f}" for number in range(8)]
    return Grid(["method"], groups, [["the mean of both of its neighbours", *figures], ["Ours", *figures]])


def cells(text: str) -> list[list[list[str]]]:
    """Blocks of rows of cells."""
    lines = [block.splitlines() for block in text.split("\n\n")]
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in block] for block in lines]


@pytest.mark.parametrize("width", [None, 300])
def test_a_grid_that_fits_is_one_block(width: int | None) -> None:
    assert grid().text(width) == grid().text()
    assert len(cells(grid().text(width))) == 1


@pytest.mark.parametrize(("width", "blocks"), [(90, 2), (60, 4), (45, 4)])
def test_a_wide_grid_is_a_block_a_benchmark_or_a_block_a_metric(width: int, blocks: int) -> None:
    text = grid().text(width)
    assert len(cells(text)) == blocks
    assert max(map(len, text.splitlines())) <= width
    headers = [name for block in cells(text) for name in block[0] if "/" in name]
    assert headers == list(METRICS)
    assert figures_of("Ours", text) == figures_of("Ours", grid().text())
    for block in cells(text):  # a wrapped name is read down its lines
        names = [row[0] for row in block[2 : len(block) - 1]]
        assert " ".join(names) == "the mean of both of its neighbours"


def test_where_one_metric_is_too_wide_its_columns_come_two_by_two_and_are_named() -> None:
    groups = {metric: [metric, "95 %", "minus Ours", "95 %"] for metric in METRICS[:1]}
    figures = ["0.111", "0.075 to 0.143", "+0.078", "0.023 to 0.119"]
    wide = Grid(["method", "trained"], groups, [["Ours", "all videos (no annotation used)", *figures]])
    text = wide.text(66)
    assert max(map(len, text.splitlines())) <= 66
    assert [block[0][2:] for block in cells(text)] == [["tvsum/tau", "95 %"], ["tvsum/tau minus Ours", "95 %"]]
    found = [cell for block in cells(text) for row in block if row[0] == "Ours" for cell in row[2:]]
    assert found == figures


def figures_of(name: str, text: str) -> list[str]:
    """The figures of a row in all blocks."""
    return [cell for block in cells(text) for row in block if row[0] == name for cell in row[1:]]

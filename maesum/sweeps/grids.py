"""Lay out a grid of figures as Markdown: whole for files, folded into blocks where a terminal is narrower."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

#: No column of names is wrapped to fewer characters than this.
_LEAST = 12


@dataclass(frozen=True)
class Grid:
    """Columns of names, then some columns for each metric.

    Attributes:
        names: the headers of the first columns.
        groups: for each metric, e.g. tvsum/tau, the headers of its columns.
        rows: for each row, its names, then its texts of all groups, one after the other.
    """

    names: list[str]
    groups: dict[str, list[str]]
    rows: list[list[str]]

    def text(self, width: int | None = None) -> str:
        """Return the lines of the grid.

        Args:
            width: of the terminal in characters. A wider grid is folded into a block for each benchmark, a wider block
                into one for each metric, and that, where wrapped names do not suffice, into one for every two columns.
                None = never fold.
        """
        columns = self._columns_of_metrics()
        everything = [column for of_metric in columns.values() for column in of_metric]
        if width is None or _width(self._table(everything)) <= width:
            return "\n".join(_lines(self._table(everything), len(self.names)))
        by_benchmark: dict[str, list[str]] = {}
        for metric in columns:
            by_benchmark.setdefault(metric.split("/")[0], []).append(metric)
        tables = []
        for metrics in by_benchmark.values():
            whole = self._table([column for metric in metrics for column in columns[metric]])
            tables += [whole] if _width(whole) <= width else self._of_metrics(metrics, columns, width)
        return "\n\n".join("\n".join(_lines(table, len(self.names))) for table in tables)

    def _of_metrics(self, metrics: Sequence[str], columns: dict[str, list[int]], width: int) -> list[list[list[str]]]:
        """Return a table for each metric, or one for every two of its columns, with names wrapped to the width."""
        tables = []
        for metric in metrics:
            wrapped = self._wrapped(self._table(columns[metric]), width)
            if _width(wrapped) <= width:
                tables.append(wrapped)
                continue
            for start in range(0, len(columns[metric]), 2):
                table = self._table(columns[metric][start : start + 2])
                header = table[0][len(self.names)]
                table[0][len(self.names)] = header if metric in header else f"{metric} {header}"
                tables.append(self._wrapped(table, width))
        return tables

    def _columns_of_metrics(self) -> dict[str, list[int]]:
        start, columns = len(self.names), {}
        for metric, headers in self.groups.items():
            columns[metric] = list(range(start, start + len(headers)))
            start += len(headers)
        return columns

    def _table(self, columns: Sequence[int]) -> list[list[str]]:
        """Return the header and the rows: all names and some of the other columns."""
        header = self.names + [text for headers in self.groups.values() for text in headers]
        kept = [*range(len(self.names)), *columns]
        return [[line[column] for column in kept] for line in [header, *self.rows]]

    def _wrapped(self, table: list[list[str]], width: int) -> list[list[str]]:
        """Return a table whose longest names take several lines, so that it fits as nearly as can be."""
        widths = _widths(table)[: len(self.names)]
        excess = _width(table) - width
        while excess > 0 and widths and max(widths) > _LEAST:
            widths[widths.index(max(widths))] -= 1
            excess -= 1
        lines = []
        for row in table:
            names = [textwrap.wrap(name, each) or [""] for name, each in zip(row, widths, strict=False)]
            for number in range(max(map(len, names), default=1)):
                figures = row[len(widths) :] if number == 0 else [""] * (len(row) - len(widths))
                lines.append([*(name[number] if number < len(name) else "" for name in names), *figures])
        return lines


def _widths(table: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*table, strict=True)]


def _width(table: Sequence[Sequence[str]]) -> int:
    widths = _widths(table)
    return sum(widths) + 3 * len(widths) + 1


def _lines(table: Sequence[Sequence[str]], n_names: int) -> list[str]:
    widths = _widths(table)
    ruler = ["-" * each if column < n_names else "-" * (each - 1) + ":" for column, each in enumerate(widths)]
    return [
        "| " + " | ".join(text.ljust(each) for text, each in zip(line, widths, strict=True)) + " |"
        for line in [table[0], ruler, *table[1:]]
    ]

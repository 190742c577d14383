"""Show progress bars on standard error, on terminals only: a log file or a pipe gets none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from maesum.system.printing import printable

Item = TypeVar("Item")


def new_progress(counted: str = "") -> Progress:
    """Make a progress bar, not yet shown; outside a terminal it stays hidden (`disable`).

    Args:
        counted: text that rich prints after the number of steps, such as "videos, {task.fields[frames]} frames".
    """
    console = Console(stderr=True)
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    columns += [TextColumn(counted)] if counted else []
    columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def progress_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs; yields a function that advances it by a number of steps."""
    with new_progress() as progress:
        task = progress.add_task(escape(printable(description)), total=total)
        yield lambda steps: progress.advance(task, steps)


def track(items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
    """Yield the items under a progress bar of `total` steps."""
    with progress_bar(description, total) as advance:
        for item in items:
            yield item
            advance(1)

"""A progress bar on stderr, so that stdout holds results only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


@contextmanager
def track_progress(items: Iterable[Item], total: int, label: str) -> Iterator[Iterator[Item]]:
    """Yields an iterator over the items that advances a progress bar; without a terminal nothing is shown."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield iter(progress.track(items, total=total, description=label))

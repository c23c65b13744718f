"""Progress on a terminal. Imports rich only there, because the Lambda package does not contain it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def counter(label: str) -> Iterator[Callable[[int], None]]:
    """While the context is open, show `label` with the number last passed to the yielded function."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 (not in the Lambda package)
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = SpinnerColumn(), TextColumn(label + ": {task.completed:,}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def show(completed: int) -> None:
            progress.update(task, completed=completed)

        yield show


def bar(items: Iterable[T], label: str, *, total: int) -> Iterable[T]:
    """Yield the items and show a progress bar."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console  # noqa: PLC0415 (not in the Lambda package)
    from rich.progress import track  # noqa: PLC0415

    return track(items, label, total=total, console=Console(stderr=True))

"""Progress on a terminal. Imports rich only there, because the Lambda package does not contain it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def counter(label: str, *, total: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """While the context is open, show a bar and `label` with the number last passed to the yielded function.

    `total` is called once, and only on a terminal, to find out how many there are.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 (not in the Lambda package)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = TextColumn(label + ": {task.completed:,} of {task.total:,}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total())

        def show(completed: int) -> None:
            # More may be found than were counted.
            known = progress.tasks[0].total or 0
            progress.update(task, completed=completed, total=max(completed, known))

        yield show


def bar(items: Iterable[T], label: str, *, total: int) -> Iterable[T]:
    """Yield the items and show a progress bar."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console  # noqa: PLC0415 (not in the Lambda package)
    from rich.progress import track  # noqa: PLC0415

    return track(items, label, total=total, console=Console(stderr=True))

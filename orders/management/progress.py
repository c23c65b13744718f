"""Progress on a terminal. Only there is rich imported, because the Lambda package does not contain it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def counter(label: str) -> Iterator[Callable[[int], None]]:
    """Show `label` with the number that was last passed to the yielded function, as long as the context is open."""
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
    """Yield the items, with a progress bar meanwhile."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console  # noqa: PLC0415 (not in the Lambda package)
    from rich.progress import track  # noqa: PLC0415

    return track(items, label, total=total, console=Console(stderr=True))

"""Shortens the import of the whole app, which is most of a cold start."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType


class _LoadOnUse(PathFinder):
    """Finds packages that libraries import at their start but use in few requests: they are loaded at their first use.

    A second import counts as a use.
    """

    NAMES = ("inflection", "sqlparse", "uritemplate", "yaml")

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = super().find_spec(fullname, path, target) if fullname in cls.NAMES else None
        if spec and spec.loader:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def quick_imports() -> Iterator[None]:
    """Load rarely used packages later, and stop the garbage collector, which never searches what is loaded here.

    Almost nothing that imports create is garbage. Measured: an eighth less CPU time.
    """
    sys.meta_path.insert(0, _LoadOnUse)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        sys.meta_path.remove(_LoadOnUse)

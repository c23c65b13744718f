"""`python -m local.clean_data`, for `make clean-data`: remove the orders of `make run` and its users and keys."""

import shutil
import sys

from local import PROJECT, ROOT, run_lock
from local.errors import AlreadyRunningError, exit_code
from local.locks import Lock


def remove() -> None:
    """Raises AlreadyRunningError while `make run` runs."""
    ROOT.mkdir(exist_ok=True)
    with Lock(ROOT / run_lock.NAME) as lock:
        if not lock.try_acquire():
            raise AlreadyRunningError("The orders are in use. First stop `make run`.")
        if (ROOT / "dynamodb").exists():
            shutil.rmtree(ROOT / "dynamodb")
        for path in PROJECT.glob("db.sqlite3*"):
            path.unlink()


if __name__ == "__main__":
    sys.exit(exit_code(remove))

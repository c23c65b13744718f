"""`python -m local.clean_data`: remove the orders of `make run` and its users and keys; what `make clean-data` runs."""

import shutil
import sys

from local import PROJECT, ROOT, state


def main() -> int:
    """0 when nothing is left of the data; 1 when it cannot be removed, and a sentence on standard error says why."""
    folder = ROOT / "dynamodb"
    if state.kept(folder):
        sys.stderr.write("The orders are in use. First stop `make run` and any other program that uses its engine.\n")
        return 1
    try:
        if folder.exists():
            shutil.rmtree(folder)
        for path in PROJECT.glob("db.sqlite3*"):
            path.unlink()
    except OSError as error:
        sys.stderr.write(f"{error.filename} cannot be removed: {error.strerror}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

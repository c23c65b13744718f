"""`python -m local.clean_data`, for `make clean-data`: remove the orders of `make run` and its users and keys."""

import shutil
import sys

from local import PROJECT, ROOT, state


def main() -> int:
    """Returns 0 if the data has been removed, or 1 with the reason on standard error."""
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

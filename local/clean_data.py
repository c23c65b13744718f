"""`python -m local.clean_data`, for `make clean-data`: remove the orders of `make run` and its users and keys."""

import shutil

from local import PROJECT, ROOT
from local.errors import errors_reported
from local.locks import only_run


def main() -> None:
    ROOT.mkdir(exist_ok=True)
    with only_run(ROOT, "make clean-data"):
        if (ROOT / "dynamodb").exists():
            shutil.rmtree(ROOT / "dynamodb")
        for path in PROJECT.glob("db.sqlite3*"):
            path.unlink()


if __name__ == "__main__":
    with errors_reported():
        main()

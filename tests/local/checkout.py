"""A copy of this project in its own folder, like a fresh clone, and the commands that are run there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from local import PROJECT

PARTS = ("Makefile", "accounts", "local", "manage.py", "orders", "ordersite", "templates")


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for part in PARTS:
            source = PROJECT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)

    def manage(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` in a terminal with these additional variables."""
        return self.run(sys.executable, "manage.py", *arguments, **variables)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env={**self.terminal(), **variables}, capture_output=True, text=True, check=False
        )

    def terminal(self) -> dict[str, str]:
        """The environment of a newcomer's terminal: without the variables of this test run."""
        foreign = ("AWS_", "DJANGO_", "ORDERS_", "PYTHON", "PYTEST_")
        names = {"DATABASE_URL", "DEBUG", "MAKEFLAGS", "MAKELEVEL", "SECRET_KEY", "SSM_PARAMETER", "VIRTUAL_ENV"}
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(foreign) and name not in names
        }
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        return {**inherited, "HOME": str(home)}

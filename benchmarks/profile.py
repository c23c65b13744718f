"""`make profile`: where the CPU time of one kind of request goes, by sampling.

A timer interrupts the process every few milliseconds of CPU time and records the stack. This costs far less than
cProfile and does not favour code with few calls. A sample counts for the package of the innermost function; the
standard library counts for the package that called it, except for the modules in NAMED.
"""

import signal
import sys
import sysconfig
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Self

import django

from benchmarks.environment import isolate
from local import PROJECT
from local.engine import in_memory
from local.errors import LocalError

INTERVAL = 0.001
"""Seconds. The kernel may use a longer interval, often four milliseconds."""
WARM_UP = 50
SITE, STANDARD = sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")
NAMED = ("http", "ssl", "socket", "json", "email", "logging", "hmac")
"""Parts of the standard library with a line of their own."""
LINES = 12
KINDS = ("GET", "POST", "PUT", "DELETE", "list")


class Profile:
    """The samples of a block of code: by package, and by function."""

    def __init__(self) -> None:
        self.packages: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()

    def __enter__(self) -> Self:
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)

    def _sample(self, number: int, frame: FrameType | None) -> None:
        files = list(_files(frame))
        if frame is None or not files:
            return
        self.packages[package_of(files)] += 1
        self.functions[f"{_short(files[0])}:{frame.f_code.co_name}"] += 1


def _files(frame: FrameType | None) -> Iterator[str]:
    """The files of the stack, innermost first."""
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def package_of(files: list[str]) -> str:
    """The package that a sample with this stack counts for."""
    for file in files:
        if file.startswith(SITE):
            return Path(file).relative_to(SITE).parts[0].removesuffix(".py")
        if file.startswith(str(PROJECT)):
            return Path(file).relative_to(PROJECT).parts[0]
        if (
            file.startswith(STANDARD)
            and (name := Path(file).relative_to(STANDARD).parts[0].removesuffix(".py")) in NAMED
        ):
            return name
    return "Python"


def _short(file: str) -> str:
    for folder in (SITE, STANDARD, str(PROJECT)):
        if file.startswith(folder):
            return str(Path(file).relative_to(folder))
    return file


def main() -> None:
    parser = ArgumentParser(
        prog="python -m benchmarks.profile", description="Show where the CPU time of requests goes."
    )
    parser.add_argument("kind", nargs="?", default="GET", choices=KINDS, help="the kind of request (%(default)s)")
    parser.add_argument("--requests", type=int, default=2_000, metavar="N", help="how many to send (%(default)s)")
    options = parser.parse_args()
    try:
        with in_memory() as endpoint, tempfile.TemporaryDirectory(prefix="ordersite-profile-") as folder:
            isolate(endpoint, Path(folder))
            django.setup()
            from benchmarks import profiled  # noqa: PLC0415 (needs the settings)

            profile, milliseconds = profiled.run(options.kind, options.requests)
    except LocalError as error:
        sys.exit(str(error))
    _show(profile, f"{options.requests:,} requests, {options.kind}: {milliseconds:.2f} ms CPU each")


def _show(profile: Profile, title: str) -> None:
    total = profile.packages.total() or 1
    print(title)
    for heading, counts in (("package", profile.packages), ("function", profile.functions)):
        print(f"\n{'share':>7}  {heading}")
        for name, count in counts.most_common(LINES):
            print(f"{count / total:>7.1%}  {name}")


if __name__ == "__main__":
    main()

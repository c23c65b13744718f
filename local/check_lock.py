"""Checks offline that the pinned packages match pyproject.toml: `python -m local.check_lock`."""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
PIN_WITH_COMMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==.*((?:\n[ \t].*)*)", re.MULTILINE)


def main(folder: Path = Path()) -> int:
    """Returns 0 if the lists match, or 1 with each mismatch on standard error."""
    found = mismatches(folder)
    if found:
        sys.stderr.write("".join(f"{mismatch}\n" for mismatch in found) + "Run make lock.\n")
    return 1 if found else 0


def mismatches(folder: Path) -> list[str]:
    """What differs between pyproject.toml and the requirements files in `folder`, one sentence each."""
    pyproject = tomllib.loads((folder / "pyproject.toml").read_text())
    runtime = [Requirement(text) for text in pyproject["project"]["dependencies"]]
    groups = pyproject.get("dependency-groups", {}).values()
    development = [Requirement(text) for group in groups for text in group if isinstance(text, str)]
    shipped = (folder / "requirements.txt").read_text()
    everything = "".join(file.read_text() for file in sorted(folder.glob("requirements*.txt")))
    return [
        *_wrong_pins(runtime, shipped, "requirements.txt"),
        *_wrong_pins(development, everything, "the requirements files"),
        *_no_longer_listed([*runtime, *development], everything),
    ]


def _wrong_pins(requirements: Iterable[Requirement], text: str, where: str) -> Iterable[str]:
    pins = {canonicalize_name(name): version for name, version in PIN.findall(text)}
    for requirement in requirements:
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{requirement.name} is not pinned in {where}."
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{where} pins {requirement.name} {version}, but pyproject.toml requires {requirement.specifier}."


def _no_longer_listed(requirements: Iterable[Requirement], text: str) -> Iterable[str]:
    """Packages that were pinned because pyproject.toml listed them, as the comments written by uv show."""
    listed = {canonicalize_name(requirement.name) for requirement in requirements}
    for name, comment in PIN_WITH_COMMENT.findall(text):
        if "(pyproject.toml" in comment and canonicalize_name(name) not in listed:
            yield f"{name} is pinned for pyproject.toml, which no longer lists it."


if __name__ == "__main__":
    sys.exit(main())

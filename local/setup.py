"""Creates or recreates a virtual environment: `python -m local.setup FOLDER FILE…`.

The environment contains the packages of the requirements files, and of those that an earlier set-up installed: a new
file is added. It is recreated if it is incomplete, its Python is missing or has changed, its folder was moved, or one
of the files has changed. Concurrent set-ups wait for each other. This module uses the standard library only, and runs
in the environment that it replaces or in any Python from 3.11 on.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from local import ROOT, downloads
from local.environment import for_packages
from local.errors import LocalError, errors_reported
from local.locks import locked

STAMP = "installed"
INTERRUPTED = 130


class SetUpError(LocalError):
    """The virtual environment could not be created."""


def main() -> None:
    """Exit with 0 if the environment is ready, or with 1 and the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m local.setup", description="Create a virtual environment.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    try:
        with errors_reported():
            ensure(options.folder.absolute(), options.files)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def ensure(folder: Path, files: list[Path]) -> None:
    """Create the environment if it is not ready. Raises SetUpError, and OSError if a folder cannot be written to."""
    if is_ready(folder, files):
        return
    ROOT.mkdir(exist_ok=True)
    with locked(ROOT / "setup.lock", on_wait=lambda: downloads.show("Another set-up is running; waiting for it")):
        if not is_ready(folder, files):
            present = [path for path in files if is_ready(folder, [path])]
            if _has_other_version(folder, files):
                present = []
            count = len(_packages(files) - _packages(present))
            packages = "1 package" if count == 1 else f"{count} packages"
            downloads.show(f"Installing {packages} into {os.path.relpath(folder)} (once, about 1 minute)")
            if present:
                _add(folder, files, count)
            else:
                _make(folder, files, count)


def is_ready(folder: Path, files: list[Path]) -> bool:
    """Whether it has the packages of these files, for this folder and version of Python, and its Python runs."""
    installed = _read_stamp(folder)
    return (
        installed[:2] == _origin(folder) and {_digest(path) for path in files} <= set(installed[2:]) and _runs(folder)
    )


def _has_other_version(folder: Path, files: list[Path]) -> bool:
    installed = _read_stamp(folder)[2:]
    return any(line.endswith(f" {path.name}") and line != _digest(path) for line in installed for path in files)


def _read_stamp(folder: Path) -> list[str]:
    """The origin (two lines) and a digest for each installed file, or nothing."""
    try:
        return (folder / STAMP).read_text().splitlines()
    except OSError:
        return []


def _write_stamp(folder: Path, files: list[Path]) -> None:
    (folder / STAMP).write_text("\n".join([*_origin(folder), *map(_digest, files), ""]))


def _origin(folder: Path) -> list[str]:
    return [str(folder.resolve()), sys.version.replace("\n", " ")]


def _digest(path: Path) -> str:
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.name}"


def _packages(files: list[Path]) -> set[str]:
    lines = [line for path in files for line in path.read_text().splitlines() if "win32" not in line]
    return {line.split("==")[0] for line in lines if re.match(r"[\w.-]+==", line)}


def _runs(folder: Path) -> bool:
    """Whether its Python runs and has its configuration, without which it would use the packages of the machine."""
    command = [str(folder / "bin" / "python"), "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:  # its Python has been removed
        return False


def _make(folder: Path, files: list[Path], count: int) -> None:
    # Not this process's executable, which may be in the folder that is removed here.
    base = getattr(sys, "_base_executable", sys.executable)
    if folder.is_symlink():  # the target of the link must not be removed
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    _run([base, "-m", "venv", str(folder)], "the virtual environment could not be created")
    _install(folder, files, count)
    _write_stamp(folder, files)


def _add(folder: Path, files: list[Path], count: int) -> None:
    """After an interruption the next set-up creates the environment again; after a failure of pip it adds again."""
    stamp = folder / STAMP
    installed = stamp.read_text()
    stamp.unlink()
    try:
        _install(folder, files, count)
    except SetUpError:
        stamp.write_text(installed)
        raise
    _write_stamp(folder, files)


def _install(folder: Path, files: list[Path], count: int) -> None:
    arguments = [part for path in files for part in ("-r", str(path))]
    options = ["--progress-bar", "off", "--disable-pip-version-check", "--no-input"]
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", *options, *arguments]
    # Some versions of pip warn about a package's own build, which the developer cannot change.
    environment = {**for_packages(), "PYTHONWARNINGS": "ignore:DEPRECATION"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, errors="replace") as pip:
        _show_progress(pip.stdout or [], count)
    if pip.returncode:
        raise SetUpError(_failure("pip could not install the packages"))


def _show_progress(output: Iterable[str], count: int) -> None:
    """Read the output of pip, and on a terminal show how many of its `count` packages it has started to fetch."""
    fetched, step = 0, ""
    for line in output:
        if line.startswith(("Collecting ", "Processing ")):
            fetched += 1
            step = f"fetching {fetched} of {count}"
        elif line.startswith("Installing collected packages"):
            step = "unpacking"
        _show_step(step)
    _show_step("")


def _show_step(step: str) -> None:
    """Replace the step in the last line of the terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{step}")
        sys.stderr.flush()


def _run(command: list[str], failure: str) -> None:
    """Raises SetUpError. The program's own output goes to the terminal."""
    done = subprocess.run(command, env=for_packages(), stdout=sys.stderr, check=False)
    if done.returncode:
        raise SetUpError(_failure(failure))


def _failure(reason: str) -> str:
    return f"Setting up failed: {reason}; see the reason above. Correct it and try again."


if __name__ == "__main__":
    main()

"""Creates a virtual environment, or creates it again: `python -m local.setup FOLDER LIST…`.

The environment contains exactly the packages in the lists. It is created again if it is incomplete, its Python is
missing or has changed, its folder was moved, or a list has changed. Concurrent set-ups wait for each other. This module
uses the standard library only, and runs in the environment that it replaces or in any Python from 3.11 on.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local import ROOT
from local.environment import for_packages
from local.errors import LocalEngineError, exit_code
from local.locks import Lock

STAMP = "installed"
INTERRUPTED = 130


class SetUpError(LocalEngineError):
    """The virtual environment could not be created."""


def main() -> int:
    """Returns 0 if the environment is ready, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m local.setup", description="Create a virtual environment.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("lists", type=Path, nargs="+", metavar="LIST")
    options = parser.parse_args()
    try:
        return exit_code(lambda: ensure(options.folder.absolute(), options.lists))
    except KeyboardInterrupt:
        return INTERRUPTED


def ensure(folder: Path, lists: list[Path]) -> None:
    """Create the environment if it is not ready. Raises SetUpError, and OSError if a folder cannot be written to."""
    if is_ready(folder, lists):
        return
    ROOT.mkdir(exist_ok=True)
    with Lock(ROOT / "setup.lock") as lock:
        if not lock.try_acquire():
            sys.stderr.write("Another set-up is running; waiting for it\n")
            lock.acquire()
        if not is_ready(folder, lists):
            sys.stderr.write(f"Setting up {os.path.relpath(folder)} (once)\n")
            _make(folder, lists)


def is_ready(folder: Path, lists: list[Path]) -> bool:
    """Whether it was created in this folder, by this version of Python and from these lists, and its Python runs."""
    try:
        return (folder / STAMP).read_text() == _stamp(folder, lists) and _runs(folder)
    except OSError:
        return False


def _stamp(folder: Path, lists: list[Path]) -> str:
    digests = [f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.name}" for path in lists]
    return "\n".join([str(folder.resolve()), sys.version, *digests, ""])


def _runs(folder: Path) -> bool:
    python = folder / "bin" / "python"
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def _make(folder: Path, lists: list[Path]) -> None:
    # Not this process's executable, which may be in the folder that is removed here.
    base = getattr(sys, "_base_executable", sys.executable)
    if folder.is_symlink():  # the target of the link must not be removed
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    _run([base, "-m", "venv", str(folder)], "the virtual environment could not be created")
    requirements = [part for path in lists for part in ("-r", str(path))]
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *requirements]
    _run([str(folder / "bin" / "python"), *install], "pip could not install the packages")
    (folder / STAMP).write_text(_stamp(folder, lists))


def _run(command: list[str], failure: str) -> None:
    """Raises SetUpError. The program's own output goes to the terminal."""
    done = subprocess.run(command, env=for_packages(), stdout=sys.stderr, check=False)
    if done.returncode:
        raise SetUpError(f"Setting up failed: {failure}; see the reason above. Correct it and try again.")


if __name__ == "__main__":
    sys.exit(main())

"""Lets `make coverage` measure the deploy tools, although they run in environments without coverage.

`make deploy` runs a copy of the project, in a virtual environment that may contain only the runtime packages.
"""

import os
from pathlib import Path

import coverage

from tests.deploy.servers import PROJECT

INHERITED = "COVERAGE_PROCESS_CONFIG"
"""Coverage sets this variable while it measures. Its child processes are measured if they inherit it."""


def measured() -> dict[str, str]:
    """The variable for a child process that inherits no others; empty if coverage does not measure."""
    return {INHERITED: os.environ[INHERITED]} if INHERITED in os.environ else {}


def measuring_python(python: Path, source: Path, folder: Path) -> Path:
    """Create `folder` with a `python` that runs `python` and measures the code in `source`.

    Coverage is linked without its metadata, because a deploy is refused if its environment contains more packages.
    """
    folder.mkdir()
    (folder / "coverage").symlink_to(Path(coverage.__file__).parent)
    (folder / "sitecustomize.py").write_text("import coverage\n\ncoverage.process_startup()\n")
    configuration = folder / "coverage.ini"
    configuration.write_text(
        f"[run]\nbranch = true\nparallel = true\nsource = {source}\ndata_file = {PROJECT / '.coverage'}\n"
    )
    script = folder / "python"
    variables = f"PYTHONPATH='{folder}' COVERAGE_PROCESS_START='{configuration}'"
    script.write_text(f'#!/bin/sh\n{variables} exec "{python}" "$@"\n')
    script.chmod(0o755)
    return script

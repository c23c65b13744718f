"""Runs code like `python -c`, but in forks of one process that has imported the libraries of the settings.

Starting Python and importing them takes about ten times as long as a fork. A fork shares nothing else: it has its own
folder, environment and output, and imports the project itself.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

LIBRARIES = "csp.constants", "django.utils.log", "django.utils.translation", "environ", "pythonjsonlogger.json"


class Forks:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, code: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the code in this folder, with nothing but these variables in its environment."""
        request = {"code": code, "folder": str(folder), "environment": environment}
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return subprocess.CompletedProcess(code, **json.loads(self._process.stdout.readline()))


@contextmanager
def forks(*libraries: str) -> Iterator[Forks]:
    """Also import these modules of libraries, which must not need Django's settings."""
    command = [sys.executable, __file__, *libraries]
    with subprocess.Popen(command, env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Forks(process)


def _serve() -> None:
    for library in (*LIBRARIES, *sys.argv[1:]):
        __import__(library)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            pid = os.fork()
            if not pid:
                os.dup2(output.fileno(), 1)
                os.dup2(errors.fileno(), 2)
                _run(**json.loads(line))
            _, status = os.waitpid(pid, 0)
            done = {"returncode": os.waitstatus_to_exitcode(status)}
            for name, file in (("stdout", output), ("stderr", errors)):
                file.seek(0)
                done[name] = file.read().decode()
        print(json.dumps(done), flush=True)  # noqa: T201 (the answer to the caller)


def _run(code: str, folder: str, environment: dict[str, str]) -> NoReturn:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = ""
    status = 0
    try:
        exec(code, {"__name__": "__main__"})  # noqa: S102 (what this module is for)
    except SystemExit as end:
        status = _status(end.code)
    except BaseException:  # noqa: BLE001 (the fork must end here)
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _status(code: int | str | None) -> int:
    """Of `sys.exit(code)`, which prints a text."""
    if isinstance(code, str):
        print(code, file=sys.stderr)  # noqa: T201 (as Python does)
        return 1
    return code or 0


if __name__ == "__main__":
    _serve()

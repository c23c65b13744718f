"""The processes of the subjects, to which the benchmark sends requests in turn."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.requests import Request, Response, checked
from local import PROJECT

PEERS = ("FastAPI", "Powertools")
PEERS_PYTHON = PROJECT / ".local" / "bench" / "venv" / "bin" / "python"


@dataclass(frozen=True)
class Timed:
    response: Response
    seconds: float


class Worker:
    """One process. Its environment is that of this process and `variables`."""

    def __init__(self, subject: str, python: Path, variables: Mapping[str, str]) -> None:
        self.subject = subject
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", subject],
            cwd=PROJECT,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, requests: Sequence[Request]) -> list[Timed]:
        """Raises RuntimeError for an error response."""
        answer = self._ask(requests, meter=False)
        timed = [Timed(Response(status, body), seconds) for status, body, seconds in answer["responses"]]
        for request, one in zip(requests, timed, strict=True):
            checked(request, one.response)
        return timed

    def metered(self, request: Request) -> dict[str, Any]:
        """The calls and the capacity units of one request, and its `body`."""
        answer = self._ask([request], meter=True)
        ((status, body, _),) = answer["responses"]
        return {**answer["meter"], "body": checked(request, Response(status, body)).body}

    def _ask(self, requests: Sequence[Request], *, meter: bool) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 (for the type checker)
        message = {"requests": [asdict(request) for request in requests], "meter": meter}
        self._process.stdin.write(f"{json.dumps(message)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process of {self.subject} ended; see its error above.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def working(subjects: Sequence[str], variables: Mapping[str, str]) -> Iterator[dict[str, Worker]]:
    """A process for each subject, which ends with the block."""
    with ExitStack() as stack:
        workers = {}
        for subject in subjects:
            python = PEERS_PYTHON if subject in PEERS else Path(sys.executable)
            workers[subject] = Worker(subject, python, variables)
            stack.callback(workers[subject].close)
        yield workers

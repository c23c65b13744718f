"""A process that handles requests and reports the CPU time of each: `python -m benchmarks.worker SUBJECT`.

Each line of standard input is a JSON object {"requests": [...], "meter": true or false}. The response is one line with
the responses and their CPU seconds and, if a meter was requested, the calls and capacity units. Imports nothing but the
standard library and the subject, which may have a virtual environment of its own.
"""

import gc
import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from time import process_time
from typing import Any

from benchmarks.meter import Meter, metered
from benchmarks.requests import Document, Request, Response, environ_of, event_of

Call = Callable[[], Response]
Prepare = Callable[[Request], Call]


class Context:
    """What Lambda passes to a handler."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "orders"
    function_version = "1"
    invoked_function_arn = "arn:aws:lambda:ap-south-1:000000000000:function:orders"
    memory_limit_in_mb = "1024"

    def get_remaining_time_in_millis(self) -> int:
        return 28_000


def _handler(module: str, function: str) -> Prepare:
    handle, key = getattr(import_module(module), function), os.environ["BENCHMARK_KEY"]

    def prepare(request: Request) -> Call:
        event = event_of(request, key)

        def call() -> Response:
            reply = handle(event, Context())
            return Response(reply["statusCode"], reply["body"])

        return call

    return prepare


def ours() -> Prepare:
    """Ordersite's WSGI application."""
    application, key = import_module("ordersite.wsgi").application, os.environ["BENCHMARK_KEY"]

    def prepare(request: Request) -> Call:
        environ = environ_of(request, key)
        return lambda: _call_wsgi(application, environ)

    return prepare


def _call_wsgi(application: Any, environ: Document) -> Response:
    """Read the whole body and close the response, as a server does."""
    status = ""

    def start_response(line: str, headers: object, exc_info: object = None, /) -> Callable[[bytes], object]:
        nonlocal status
        status = line
        return io.BytesIO().write

    response = application(environ, start_response)
    try:
        body = b"".join(response)
    finally:
        response.close()
    return Response(int(status[:3]), body.decode())


SUBJECTS: dict[str, Callable[[], Prepare]] = {
    "ours": ours,
    "bare": lambda: _handler("benchmarks.baseline", "orders_handler"),
    "bare Query": lambda: _handler("benchmarks.bare_query", "list_handler"),
    "FastAPI": lambda: _handler("benchmarks.peers.fastapi_peer", "handler"),
    "Powertools": lambda: _handler("benchmarks.peers.powertools_peer", "handler"),
}


def _client(subject: str) -> Any:
    """The botocore client of a subject with a meter."""
    if subject == "bare":
        return import_module("benchmarks.baseline").table.meta.client
    return import_module("orders.dynamodb").connection().connection.client


def main() -> None:
    subject = sys.argv[1]
    # Libraries print, and the parent reads only responses.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    prepare = SUBJECTS[subject]()
    for number, line in enumerate(sys.stdin):
        message = json.loads(line)
        requests = [Request(**request) for request in message["requests"]]
        with metered(_client(subject)) if message["meter"] else nullcontext() as meter:
            answer = {"responses": [_timed(prepare(request)) for request in requests], "meter": _units(meter)}
        if number == 0:
            # After the first requests, as Lambda's entry point does after the import.
            gc.collect()
            gc.freeze()
        output.write(f"{json.dumps(answer)}\n")
        output.flush()


def _timed(call: Call) -> tuple[int, str, float]:
    # The CPU time of all threads of this process, but not of the engine, which is another process.
    start = process_time()
    status, body = call()
    return status, body, process_time() - start


def _units(meter: Meter | None) -> Document | None:
    return {"calls": meter.calls, "rcu": meter.rcu, "wcu": meter.wcu} if meter else None


if __name__ == "__main__":
    main()

"""Sends what a printed `curl` command would send, because not every machine has curl."""

import json
import shlex
from argparse import ArgumentParser
from typing import Any
from urllib.request import Request, urlopen


def send(command: str) -> tuple[int, Any]:
    """The status and the JSON body of the response. Fails for options of curl other than -i, -X, -H and -d."""
    parser = ArgumentParser()
    parser.add_argument("curl", choices=["curl"])
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    parser.add_argument("url")
    options = parser.parse_args(shlex.split(command))
    headers = dict(header.split(": ", 1) for header in options.headers)
    data = None if options.data is None else options.data.encode()
    with urlopen(Request(options.url, data, headers, method=options.method)) as response:  # noqa: S310 (a local server)
        return response.status, json.loads(response.read() or "null")

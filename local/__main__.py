"""`python -m local --port 8000`: what `make run` runs."""

import argparse
import signal
from pathlib import Path
from types import FrameType

from local import ROOT, supervisor
from local.errors import errors_reported

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HIGHEST_PORT = 65535


def main() -> None:
    """Exit with 0 after a signal, and with 1 and the reason on standard error after a failure."""
    parser = argparse.ArgumentParser(prog="python -m local", description="Serve Ordersite on this machine.")
    parser.add_argument("--port", type=_port, default=8000, help="port of the web server (8000)")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the orders (.local)")
    options = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        with errors_reported():
            supervisor.run(options.port, options.root.resolve())
    except KeyboardInterrupt:
        print("\nStopped. The orders are kept for the next run.")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port number from 1 to {HIGHEST_PORT}")
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:  # stopping takes a moment; a second Ctrl-C must not interrupt it
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()

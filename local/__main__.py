"""`python -m local --port 8000`: what `make run` runs."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from local import ROOT, supervisor
from local.errors import LocalEngineError
from local.web import HIGHEST_PORT

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody wants this to end. Like KeyboardInterrupt it is no Exception, so that nothing swallows it."""


def main() -> int:
    """0 when somebody ended it, 1 when it could not go on; then a sentence on standard error says why."""
    options = _options()
    for number in ENDINGS:
        signal.signal(number, _interrupt)
    try:
        supervisor.run(options.port, options.root.resolve())
    except LocalEngineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        sys.stderr.write(f"{error.filename} cannot be used: {error.strerror}.\n")
        return 1
    except Interrupted:
        sys.stdout.write("\nStopped. The orders are kept for the next time.\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description="Serve Ordersite on this machine.")
    parser.add_argument("--port", type=_port, default=8000, help="of the web server (8000)")
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder that keeps the orders (.local)")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port; a port is a number from 1 to {HIGHEST_PORT}")
    return int(text)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in ENDINGS:  # the end takes a moment, and an impatient second Ctrl-C must not cut it short
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted


if __name__ == "__main__":
    sys.exit(main())

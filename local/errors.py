"""What can fail on a developer's machine. Each message says what to do."""

import sys
from collections.abc import Callable


class LocalError(Exception):
    """The local engine, or something that `make run` builds on it, is not available."""


class DownloadError(LocalError):
    """A package could not be fetched. The message is the reason, as part of a sentence."""


class MissingToolError(LocalError):
    """A program or file that is needed is not on this machine and could not be fetched."""


def exit_code(action: Callable[[], None]) -> int:
    """Run `action`; 0, or 1 after a message on standard error for a LocalError or an OSError about a file."""
    try:
        action()
    except LocalError as error:
        message = str(error)
    except OSError as error:
        if error.filename is None:
            raise
        message = f"{error.filename} cannot be used: {error.strerror}."
    else:
        return 0
    sys.stderr.write(f"{message}\n")
    return 1

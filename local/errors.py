"""What can fail on a developer's machine. Each message says what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class LocalError(Exception):
    """Something that `make run`, a set-up or the tests need is not available."""


class DownloadError(LocalError):
    """A package could not be fetched. The message is the reason, as part of a sentence."""


@contextmanager
def errors_reported() -> Iterator[None]:
    """Exit with code 1 and a message on standard error for a LocalError or an OSError about a file."""
    try:
        yield
    except LocalError as error:
        sys.exit(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"{error.filename} cannot be used: {error.strerror}.")

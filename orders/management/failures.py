"""Reports errors of DynamoDB as errors of a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from orders.errors import StoreMisconfiguredError, StoreUnavailableError


@contextmanager
def dynamodb_failures(advice: str = "") -> Iterator[None]:
    """Raises CommandError in one line if DynamoDB is misconfigured or unavailable; then `advice` follows the reason."""
    try:
        yield
    except StoreMisconfiguredError as error:
        raise CommandError(str(error)) from None
    except StoreUnavailableError as error:
        raise CommandError(f"DynamoDB is not responding: {error.reason}{advice}") from None

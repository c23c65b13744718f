"""Logs as one JSON object per line, with the ids of the request and of the Lambda invocation."""

import logging
from contextvars import ContextVar
from typing import Any, NamedTuple

from django_guid import get_guid


class Invocation(NamedTuple):
    """One invocation of the Lambda function."""

    request_id: str
    function: str
    cold_start: bool
    """Whether it is the first one of this process."""


invocation: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


class ContextFilter(logging.Filter):
    """Adds fields to every log record.

    `request_id` is the client's X-Request-Id, and `client_address` is set where Django logs a request. On Lambda there
    are also `lambda_request_id`, `function` and `cold_start`.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if request_id := get_guid():
            record.request_id = request_id
        # In the log of the development server, the request is a socket.
        request = getattr(record, "request", None)
        if request is not None and hasattr(request, "META"):
            # Imported here, because the settings import this module and client_address reads the settings.
            from accounts.client_address import client_address  # noqa: PLC0415

            record.client_address = client_address(request)
        if current := invocation.get():
            record.lambda_request_id = current.request_id
            record.function = current.function
            record.cold_start = current.cold_start
        return True


def configuration(*, level: str) -> dict[str, Any]:
    """A configuration for `logging.config.dictConfig`: everything from `level` on goes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "ordersite.logs.ContextFilter"}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": ["levelname", "name", "message"],
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["context"],
                "formatter": "json",
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's own handlers would log everything twice.
            "django": {"handlers": [], "propagate": True},
            # They log each start and each request, which adds no information.
            "django_guid": {"level": "WARNING"},
            "pynamodb.settings": {"level": "WARNING"},
        },
    }

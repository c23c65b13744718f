"""Logs as one JSON object a line, each with the request, the function and the start that it belongs to."""

import logging
from contextvars import ContextVar
from typing import Any, NamedTuple

from django_guid import get_guid


class Invocation(NamedTuple):
    """One call of the Lambda function."""

    request_id: str
    function: str
    cold_start: bool
    """Whether it is the first that this process answers."""


invocation: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


class ContextFilter(logging.Filter):
    """Adds `request_id` (what a client sees as X-Request-Id), `client_address` where Django logs a request, and, on
    Lambda, `lambda_request_id`, `function` and `cold_start`; lets every record pass."""  # noqa: D205, D209 (one sentence)

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
    """What `logging.config.dictConfig` takes: everything to standard error, from `level` on."""
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
            # Without Django's own handlers, which would say everything twice.
            "django": {"handlers": [], "propagate": True},
            # They tell of each start and each request what every line says anyway.
            "django_guid": {"level": "WARNING"},
            "pynamodb.settings": {"level": "WARNING"},
        },
    }

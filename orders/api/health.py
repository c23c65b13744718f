"""The health check: whether DynamoDB and the relational database are available."""

import logging
from collections.abc import Callable
from threading import Lock

from django.core.cache import cache
from django.db import connection
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import dynamodb
from orders.api.problems import RETRY_AFTER
from orders.api.serializers import NoParametersSerializer, validate

STATES = "health:states"
STATES_SECONDS = 1

_checking = Lock()

logger = logging.getLogger(__name__)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


CHECKS: dict[str, Callable[[], None]] = {"dynamodb": dynamodb.ping, "database": _database}


class HealthView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    # A monitor must not be throttled because of other clients with the same address.
    throttle_classes = ()

    def get(self, request: Request) -> Response:
        validate(NoParametersSerializer, request.query_params)
        checks = _states()
        healthy = all(state == "ok" for state in checks.values())
        document = {"status": "ok" if healthy else "unavailable", "checks": checks}
        return Response(document) if healthy else Response(document, status=503, headers=RETRY_AFTER)


def _states() -> dict[str, str]:
    """The state of each service, cached for a second so that frequent requests cause no load."""
    with _checking:
        states: dict[str, str] | None = cache.get(STATES)
        if states is None:
            states = {name: _state(name, check) for name, check in CHECKS.items()}
            cache.set(STATES, states, STATES_SECONDS)
    return states


def _state(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        # Any failure means unavailable. The log contains the reason.
        logger.exception("Health check of %s failed", name)
        return "unavailable"
    return "ok"

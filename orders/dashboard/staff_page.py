"""The decorator of every staff view: checks the permission and turns errors into pages."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.permissions import Need, refusal
from orders import dynamodb, stopwatch
from orders.dashboard import responses
from orders.errors import OrderNotFoundError, StoreUnavailableError, UnreadableOrderError
from orders.stopwatch import time_limit

logger = logging.getLogger(__name__)

Parameters = ParamSpec("Parameters")
View = Callable[Concatenate[HttpRequest, Parameters], HttpResponseBase]


def staff_page(need: Need, *, seconds: float | None = None) -> Callable[[View[Parameters]], View[Parameters]]:
    """A view for staff who have this permission. `seconds` limits its calls to DynamoDB in all.

    Anonymous users are redirected to the login, which returns to the page. A missing permission, a missing or
    unreadable order, and an unavailable order store each have an error page.
    """

    def decorate(view: View[Parameters]) -> View[Parameters]:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponseBase:
            if (refused := _refusal(request, need)) is not None:
                return refused
            with dynamodb.recorded_calls() as calls:
                try:
                    with time_limit(seconds or stopwatch.REQUEST_SECONDS):
                        response = view(request, *args, **kwargs)
                except OrderNotFoundError as error:
                    response = responses.not_found(request, _("There is no order %s.") % error.order_id)
                except UnreadableOrderError as error:
                    response = responses.unreadable(request, error.order)
                except StoreUnavailableError as error:
                    logger.warning("DynamoDB is not responding: %s", error.reason)
                    response = responses.orders_unavailable(request)
            response.headers["Server-Timing"] = calls.server_timing
            return response

        # `wraps` hides from the type checker that the two have one signature.
        return cast("View[Parameters]", wrapper)

    return decorate


def _refusal(request: HttpRequest, need: Need) -> HttpResponse | None:
    """The response for a user who may not see the page, or None."""
    if not request.user.is_authenticated:
        return redirect(responses.login_url(request))
    if not request.user.is_staff:
        return responses.forbidden(request, _("These pages are for staff. Ask an administrator for staff status."))
    if not request.user.has_perm(need.perm):
        return responses.forbidden(request, refusal(request.user, need)[1])
    return None

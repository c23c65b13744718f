"""The page /docs: the OpenAPI document in readable form, with forms that send requests.

The page contains no data and is public. It loads the document from /schema, which requires access, with the session of
the signed-in user or with an API key that the user enters.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.permissions import VIEW


# A program that sends a POST should get a 405 instead of an error about a missing CSRF token.
@csrf_exempt
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    response = render(request, "docs.html", {"may_read": request.user.has_perm(VIEW.perm)})
    # The page depends on the session and contains its CSRF token.
    patch_cache_control(response, no_store=True)
    return response

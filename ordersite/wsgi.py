"""The WSGI application that gunicorn and Zappa serve."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ordersite.settings")

_django = get_wsgi_application()

from accounts.client_address import address_of  # noqa: E402 (the settings must be loaded first)


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The app, told the client's address as REMOTE_ADDR, which the server's access log shows as well."""
    environ["REMOTE_ADDR"] = address_of(environ)
    return _django(environ, start_response)

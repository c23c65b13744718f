"""Settings of gunicorn, for servers other than Lambda. `gunicorn ordersite.wsgi` reads this file automatically.

See docs/operations.md, Other servers.
"""

import sys
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from gunicorn.errors import AppImportError

# gunicorn adds this folder to the import path only after reading this file.
sys.path.insert(0, str(Path(__file__).parent))

from ordersite.environment import Environment

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

env = Environment()

# gunicorn needs a proxy in front of it that buffers requests and terminates TLS. If the proxy is on another machine,
# set BIND=0.0.0.0:8000, and set both TRUSTED_PROXIES and FORWARDED_ALLOW_IPS to its address.
try:
    bind = env.binds("BIND", default="127.0.0.1:8000")
    workers = env.whole_number("WEB_CONCURRENCY", default=2, at_most=256)
    proxies = env.proxies("TRUSTED_PROXIES")
except ImproperlyConfigured as error:
    raise SystemExit(str(error)) from None

# Requests mostly wait for DynamoDB and PostgreSQL, so threads work well. API keys and counts are cached per process, so
# few processes with several threads query the databases less often.
worker_class = "gthread"
threads = 8

# By default, gunicorn reads SCRIPT_NAME from a header and returns 500 for paths that do not begin with it. The proxy in
# docs/operations.md does not send this header, so only a client could.
forwarder_headers = ""

# Longer than the app waits for a stalled DynamoDB (about 8 s), shorter than the usual timeout of proxies (60 s).
timeout = 30
graceful_timeout = 30

# Longer than the proxy keeps connections open, so that it never sends a request on a connection that was just closed.
keepalive = 75

# Workers restart after this many requests, at different times.
max_requests = 10_000
max_requests_jitter = 1_000

# The longest URL of the API, with every filter and a cursor, is about 3 KB when percent-encoded. For a request line
# longer than this, gunicorn returns its own 414.
limit_request_line = 8190

# The app logs to standard error, which journald records; with LOG_JSON=true its lines are JSON.
accesslog = "-"
access_log_format = '{"time": "%(t)s", "ip": "%(h)s", "request": "%(r)s", "status": %(s)s, "microseconds": %(D)s}'
errorlog = "-"


def post_fork(server: "Arbiter", worker: "Worker") -> None:
    """If a setting is invalid, stop with one message and without a traceback.

    This runs in the worker, because a reload (SIGHUP) has to read the settings again.
    """
    try:
        import_module("ordersite.settings")
    except ImproperlyConfigured as error:
        raise AppImportError(str(error)) from None


def when_ready(server: "Arbiter") -> None:
    """Log warnings about an unsafe configuration. See docs/operations.md, Behind a proxy."""
    reachable = [address for address in server.cfg.address if _is_reachable(address)]
    if reachable:
        server.log.warning(
            "Other machines can reach %s. gunicorn alone must not be public: %d half-sent requests block it for "
            "everybody. Make it reachable only for a proxy that buffers requests (docs/operations.md, Behind a proxy).",
            ", ".join(f"{host}:{port}" for host, port in reachable),
            server.cfg.workers * server.cfg.threads,
        )
    if not proxies:
        server.log.warning(
            "TRUSTED_PROXIES is not set, so all clients behind a proxy count as one: five wrong passwords for a user "
            "lock that user out everywhere. Set it to the proxy's address (docs/operations.md, Behind a proxy)."
        )


def _is_reachable(address: object) -> bool:
    """Whether other machines can connect. The address of a Unix socket is a str, that of an inherited socket an int."""
    if not isinstance(address, tuple):
        return False
    host = address[0]
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"

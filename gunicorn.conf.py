"""gunicorn, for a machine that is not Lambda: `gunicorn ordersite.wsgi`. It reads this file by itself.

See docs/operations.md, Other servers.
"""

import sys
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from gunicorn.errors import AppImportError

# gunicorn puts this folder on the path only after it has read this file.
sys.path.insert(0, str(Path(__file__).parent))

from ordersite.environment import Environment

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

env = Environment()

# A proxy that buffers requests and ends TLS stands before it. When it is on another machine, set BIND=0.0.0.0:8000 and
# both TRUSTED_PROXIES and FORWARDED_ALLOW_IPS to its address.
try:
    bind = env.binds("BIND", default="127.0.0.1:8000")
    workers = env.whole_number("WEB_CONCURRENCY", default=2, at_most=256)
    proxies = env.proxies("TRUSTED_PROXIES")
except ImproperlyConfigured as wrong:
    raise SystemExit(str(wrong)) from None

# A request waits for DynamoDB and PostgreSQL most of its time, so threads share a process well. Each process keeps API
# keys and counts for itself, so few processes with several threads ask the database less.
worker_class = "gthread"
threads = 8

# By default, gunicorn takes SCRIPT_NAME from a header, and answers 500 to a path that does not begin with it. The proxy
# in docs/operations.md does not send this header, so it could only come from a client.
forwarder_headers = ""

# Longer than the app takes to give a stalled engine up (about 8 s), shorter than a proxy's usual minute.
timeout = 30
graceful_timeout = 30

# Longer than the proxy keeps its connections, or it would now and then send a request into one just closed.
keepalive = 75

# A worker that has served so many requests is replaced, at a different moment than its neighbours.
max_requests = 10_000
max_requests_jitter = 1_000

# The longest URL of the API, with every filter and a cursor, takes about 3 KB when it is percent-encoded. gunicorn
# answers a longer request line than this with its own 414.
limit_request_line = 8190

# The app's own log lines, which are JSON under LOG_JSON=true, go to standard error, and journald takes them from there.
accesslog = "-"
access_log_format = '{"time": "%(t)s", "ip": "%(h)s", "request": "%(r)s", "status": %(s)s, "microseconds": %(D)s}'
errorlog = "-"


def post_fork(server: "Arbiter", worker: "Worker") -> None:
    """Stop with one message, without a traceback, if a setting is invalid.

    In the worker, because a reload (SIGHUP) has to read the settings again.
    """
    try:
        import_module("ordersite.settings")
    except ImproperlyConfigured as wrong:
        raise AppImportError(str(wrong)) from None


def when_ready(server: "Arbiter") -> None:
    """Warn of a set-up that works but must not be public. See docs/operations.md, Behind a proxy."""
    reachable = [address for address in server.cfg.address if _is_reachable(address)]
    if reachable:
        server.log.warning(
            "Other machines can reach %s. gunicorn alone must not be public: %d half-sent requests block it for "
            "everybody. Let only a proxy that buffers requests reach it (docs/operations.md, Behind a proxy).",
            ", ".join(f"{host}:{port}" for host, port in reachable),
            server.cfg.workers * server.cfg.threads,
        )
    if not proxies:
        server.log.warning(
            "TRUSTED_PROXIES is not set, so all clients behind a proxy count as one: five wrong passwords for a name "
            "lock it for everybody. Set it to the proxy's address (docs/operations.md, Behind a proxy)."
        )


def _is_reachable(address: object) -> bool:
    """Whether other machines can connect. A Unix socket's address is a str, an inherited socket's an int."""
    if not isinstance(address, tuple):
        return False
    host = address[0]
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"

"""gunicorn, for a machine that is not Lambda: `gunicorn ordersite.wsgi`. It reads this file by itself.

See docs/operations.md, Anywhere else.
"""

import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# gunicorn puts this folder on the path only after it has read this file.
sys.path.insert(0, str(Path(__file__).parent))

from ordersite.environment import Environment

env = Environment()

# A proxy that ends TLS stands before it; on another machine, set BIND=0.0.0.0:8000 and FORWARDED_ALLOW_IPS.
try:
    bind = env.binds("BIND", default="127.0.0.1:8000")
    workers = env.whole_number("WEB_CONCURRENCY", default=2, at_most=256)
except ImproperlyConfigured as wrong:
    raise SystemExit(str(wrong)) from None

# A request waits for DynamoDB and PostgreSQL most of its time, so threads share a process well. Each process keeps API
# keys and counts for itself, so few processes with several threads ask the database less.
worker_class = "gthread"
threads = 8

# Longer than the app takes to give a stalled engine up (about 8 s), shorter than a proxy's usual minute.
timeout = 30
graceful_timeout = 30

# Longer than the proxy keeps its connections, or it would now and then send a request into one just closed.
keepalive = 75

# A worker that has served so many requests is replaced, at a different moment than its neighbours.
max_requests = 10_000
max_requests_jitter = 1_000

# The app's own log lines, which are JSON under LOG_JSON=true, go to standard error, and journald takes them from there.
accesslog = "-"
access_log_format = '{"time": "%(t)s", "ip": "%(h)s", "request": "%(r)s", "status": %(s)s, "microseconds": %(D)s}'
errorlog = "-"

"""The environment of the benchmark: production settings and its own engine."""

import os
from pathlib import Path

HOST = "bench.example.com"
TABLE = "Orders"
BASELINE_TABLE = "OrdersBaseline"

UNSET = ("CSRF_TRUSTED_ORIGINS", "DEBUG", "LOG_LEVEL", "ORDERS_EXPIRY_HOURS", "ORDERS_INDEX_SHARDS", "SSM_PARAMETER")


def isolate(endpoint: str, folder: Path) -> None:
    """Give this process production settings, dummy credentials and a database in `folder`."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name in UNSET]:
        del os.environ[name]
    os.environ.update(
        AWS_ENDPOINT_URL_DYNAMODB=endpoint,
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 (the engine accepts any)
        AWS_REGION="ap-south-1",
        # A developer's AWS profile must not affect the results.
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
        DJANGO_SETTINGS_MODULE="ordersite.settings",
        SECRET_KEY="only-for-benchmarks",  # noqa: S106 (protects nothing)
        ALLOWED_HOSTS=HOST,
        DATABASE_URL=f"sqlite:///{folder / 'accounts.sqlite3'}",
        ORDERS_TABLE=TABLE,
        BASELINE_TABLE=BASELINE_TABLE,
        # High enough for all requests.
        ORDERS_API_RATE="1000000/s",
    )

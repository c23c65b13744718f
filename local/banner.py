"""What `make run` prints when the server is ready."""

import os
import sys
from dataclasses import dataclass

SAMPLE = '{"item": "Walnut desk", "quantity": 1, "customer_name": "Ada Lovelace", "customer_email": "ada@example.com"}'


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What the banner shows. `key` is None and `login` false if the developer uses a database of their own."""

    url: str
    key: str | None
    login: bool
    orders_at: str
    accounts_at: str


def banner(info: RunInfo) -> str:
    """The text, with a bold title if the terminal supports it."""
    rows = [
        ("Open", f"{info.url}/"),
        ("Staff", f"{info.url}/admin/   {'staff / staff' if info.login else 'your own login'}"),
        ("API docs", f"{info.url}/docs"),
        ("Expire old orders", f"{_without_production_variables()}.venv/bin/python manage.py expire_orders --dry-run"),
        ("Data", f"{info.orders_at} (orders), {info.accounts_at} (users, keys)"),
    ]
    table = "\n".join(f"  {name:<18} {value}" for name, value in rows)
    return f"\n{_bold('  Ordersite is running')}\n\n{table}\n\n  Place an order:\n\n{curl(info)}\n\n  Ctrl-C stops.\n"


def curl(info: RunInfo) -> str:
    """A command to paste into a shell."""
    key = info.key or "<your key>"
    headers = f"-H 'Authorization: Api-Key {key}' -H 'Content-Type: application/json'"
    return f"curl -i {info.url}/orders {headers} -d '{SAMPLE}'"


def _without_production_variables() -> str:
    """A prefix that makes `manage.py` read `.local/env` in a terminal that exports variables of production."""
    exported = [name for name in ("SECRET_KEY", "SSM_PARAMETER") if os.environ.get(name)]
    return f"env -u {' -u '.join(exported)} " if exported else ""


def _bold(text: str) -> str:
    bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\033[1m{text}\033[0m" if bold else text

"""What `make run` says when everything stands."""

import os
import sys
from dataclasses import dataclass

SAMPLE = '{"item": "Walnut desk", "quantity": 1, "customer_name": "Ada Lovelace", "customer_email": "ada@example.com"}'


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`key` is None, and `login` false, where the developer's own database has its own."""

    url: str
    key: str | None
    login: bool
    orders_at: str
    accounts_at: str


def banner(facts: Facts) -> str:
    """Ready to print; in bold where the terminal can and wants to."""
    rows = [
        ("Open", f"{facts.url}/"),
        ("Staff", f"{facts.url}/admin/   {'staff / staff' if facts.login else 'your own login'}"),
        ("API docs", f"{facts.url}/docs"),
        ("Expire old orders", f"{_reading_files()}.venv/bin/python manage.py expire_orders --dry-run"),
        ("Kept in", f"{facts.orders_at} (orders), {facts.accounts_at} (users, keys)"),
    ]
    table = "\n".join(f"  {name:<18} {value}" for name, value in rows)
    return f"\n{_bold('  Ordersite is running')}\n\n{table}\n\n  Place an order:\n\n{curl(facts)}\n\n  Ctrl-C stops.\n"


def curl(facts: Facts) -> str:
    """One line that a shell takes as it is."""
    key = facts.key or "<your key>"
    headers = f"-H 'Authorization: Api-Key {key}' -H 'Content-Type: application/json'"
    return f"curl -i {facts.url}/orders {headers} -d '{SAMPLE}'"


def _reading_files() -> str:
    """A prefix that makes `manage.py` read `.local/env` in a terminal that exports variables of production."""
    exported = [name for name in ("SECRET_KEY", "SSM_PARAMETER") if os.environ.get(name)]
    return f"env -u {' -u '.join(exported)} " if exported else ""


def _bold(text: str) -> str:
    fancy = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\033[1m{text}\033[0m" if fancy else text

"""What `make run` prints when the server is ready."""

import os
import sys

SAMPLE = '{"item": "Walnut desk", "quantity": 1, "customer_name": "Ada Lovelace", "customer_email": "ada@example.com"}'


def banner(*, url: str, key: str | None, login: bool, orders_at: str, accounts_at: str) -> str:
    """The text. `key` is None and `login` false if the developer uses a database of their own."""
    rows = [
        ("Open", f"{url}/"),
        ("Staff", f"{url}/admin/   {'staff / staff' if login else 'your own login'}"),
        ("API docs", f"{url}/docs"),
        ("Expire old orders", f"{_without_production_variables()}.venv/bin/python manage.py expire_orders --dry-run"),
        ("Data", f"{orders_at} (orders), {accounts_at} (users, keys)"),
    ]
    table = "\n".join(f"  {name:<18} {value}" for name, value in rows)
    curl = _curl(url, key or "<your key>")
    return f"\n{_bold('  Ordersite is running')}\n\n{table}\n\n  Place an order:\n\n{curl}\n\n  Ctrl-C stops.\n"


def _curl(url: str, key: str) -> str:
    headers = f"-H 'Authorization: Api-Key {key}' -H 'Content-Type: application/json'"
    return f"curl -i {url}/orders {headers} -d '{SAMPLE}'"


def _without_production_variables() -> str:
    """A prefix that makes `manage.py` read `.local/env` in a terminal that exports variables of production."""
    exported = [name for name in ("SECRET_KEY", "SSM_PARAMETER") if os.environ.get(name)]
    return f"env -u {' -u '.join(exported)} " if exported else ""


def _bold(text: str) -> str:
    bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\033[1m{text}\033[0m" if bold else text

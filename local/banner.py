"""What `make run` prints when the server is ready."""

import os

SAMPLE = '{"item": "Walnut desk", "quantity": 1, "customer_name": "Ada Lovelace", "customer_email": "ada@example.com"}'
PRODUCTION_VARIABLES = ("SECRET_KEY", "SSM_PARAMETER")
"""`manage.py` does not read `.local/env` in a terminal that exports one of them."""


def banner(*, url: str, key: str | None, login: bool, orders_at: str, accounts_at: str) -> str:
    """The text. `key` is None and `login` false if the developer uses a database of their own."""
    unset = "".join(f"-u {name} " for name in PRODUCTION_VARIABLES if os.environ.get(name))
    return f"""
  Ordersite is running

  Open               {url}/
  Staff              {url}/admin/   {"staff / staff" if login else "your own login"}
  API docs           {url}/docs
  Expire old orders  {f"env {unset}" if unset else ""}.venv/bin/python manage.py expire_orders --dry-run
  Data               {orders_at} (orders), {accounts_at} (users, keys)

  Place an order:

curl -i {url}/orders -H 'Authorization: Api-Key {key or "<your key>"}' -H 'Content-Type: application/json' -d '{SAMPLE}'

  Ctrl-C stops.
"""

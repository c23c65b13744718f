"""Rules for Schemathesis that OpenAPI cannot express. Loaded by the name in SCHEMATHESIS_HOOKS.

Only requests that are meant to be valid are put right here. Those that are meant to be wrong are sent as they are.
"""

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import schemathesis
from hypothesis.strategies import SearchStrategy
from hypothesis.strategies._internal import regex
from schemathesis import Case
from schemathesis.hooks import HookContext

SECONDS = 10

# Hypothesis 6.170 adds the characters of a class like [^\uE000-\uF8FF] one by one. The pattern for texts excludes over
# 140,000 characters, and Schemathesis builds variants of it for many requests: two thirds of the CPU time of a run.
_strategy = regex._strategy
_classes: dict[tuple[Any, ...], SearchStrategy[str]] = {}


def _reuse_classes(codes: Any, context: regex.Context, is_unicode: bool, *, alphabet: Any) -> SearchStrategy[str]:  # noqa: FBT001
    """Builds the strategy of each character class once."""
    if not isinstance(codes, tuple) or codes[0] != regex.sre.IN:
        return _strategy(codes, context, is_unicode, alphabet=alphabet)
    key = repr(codes), context.flags, is_unicode, repr(alphabet)
    if key not in _classes:
        _classes[key] = _strategy(codes, context, is_unicode, alphabet=alphabet)
    return _classes[key]


regex._strategy = _reuse_classes


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    _take_out_impossible_headers(case)
    if isinstance(case.body, dict):
        _write_whole_numbers_as_such(case.body)
    if case.operation.definition.raw["operationId"] == "list_orders" and isinstance(case.query, dict):
        _order_range(case.query)
        _take_a_real_cursor(case, case.query)


def _take_out_impossible_headers(case: Case) -> None:
    """The coverage phase calls some cases valid although a header does not match its pattern (Schemathesis 4.32)."""
    for parameter in case.operation.headers:
        pattern = parameter.definition["schema"].get("pattern")
        value = case.headers.get(parameter.name)
        if pattern and value is not None and not re.search(pattern, str(value)):
            del case.headers[parameter.name]


def _write_whole_numbers_as_such(body: dict[str, Any]) -> None:
    """2.0 is an integer in JSON Schema. The API refuses it, because many programs write a price like that."""
    quantity = body.get("quantity")
    if isinstance(quantity, float) and quantity.is_integer():
        body["quantity"] = int(quantity)


def _order_range(query: dict[str, Any]) -> None:
    """created_before must not be earlier than created_after."""
    names = ("created_after", "created_before")
    if all(name in query for name in names):
        query |= dict(zip(names, sorted((query[name] for name in names), key=_instant), strict=True))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


def _take_a_real_cursor(case: Case, query: dict[str, Any]) -> None:
    """A cursor is signed and cannot be invented. The first page with these filters may contain one."""
    if query.pop("cursor", None) is None:
        return
    filters = {name: value for name, value in query.items() if name != "limit"}
    headers = dict(case.operation.schema.config.headers_for(operation=case.operation) or {})
    url = f"{case.operation.base_url}{case.operation.path}"
    page = requests.get(url, params={**filters, "limit": 1}, headers=headers, timeout=SECONDS)
    if page.ok and (following := page.json()["next"]):
        query["cursor"] = parse_qs(urlsplit(following).query)["cursor"][0]

"""Prepares the events of API Gateway for Zappa and WSGI."""

from collections.abc import Callable
from typing import Any

FORWARDED = "x-forwarded-for"

Event = dict[str, Any]


def prepared(event: Event) -> Event:
    """The event as Zappa's handler should receive it."""
    return readable(_with_caller(_with_stage(event)))


def readable(event: Event) -> Event:
    """The event with texts that UTF-8 can encode, and with headers as WSGI expects them.

    JSON can contain lone surrogates, on which Zappa fails. PEP 3333 represents the bytes of a header as Latin-1
    characters; Zappa passes headers on as the gateway decoded them.
    """
    clean: Event = {name: _each_text(value, _without_surrogates) for name, value in event.items()}
    for name in ("headers", "multiValueHeaders"):
        if name in clean:
            clean[name] = _each_text(clean[name], _as_wsgi)
    return clean


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else change(value)
    if isinstance(value, dict):
        return {_each_text(name, change): _each_text(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_each_text(inner, change) for inner in value]
    return value


def _without_surrogates(text: str) -> str:
    return text.encode(errors="replace").decode()


def _as_wsgi(text: str) -> str:
    return text.encode().decode("latin-1")


def _with_stage(event: Event) -> Event:
    """Add the stage to a path that begins with its name, such as /products under prod.

    On AWS's own hosts, Zappa removes the name from every such path.
    """
    path, stage = event["path"], event["requestContext"].get("stage")
    if not stage or not path.startswith(f"/{stage}") or "amazonaws.com" not in header(event, "host"):
        return event
    return {**event, "path": f"/{stage}{path}"}


def _with_caller(event: Event) -> Event:
    """Append the caller that API Gateway names to X-Forwarded-For, twice.

    Zappa logs the last but one entry, which behind a REGIONAL endpoint comes from the client. The app itself determines
    the client's address in accounts/client_address.py.
    """
    identity = event["requestContext"].get("identity") or {}
    caller = identity.get("sourceIp") or "-"
    chain = ", ".join(filter(None, [header(event, FORWARDED), caller, caller]))
    changed = {**event, "headers": {**_without(event.get("headers"), FORWARDED), FORWARDED: chain}}
    if event.get("multiValueHeaders"):
        changed["multiValueHeaders"] = {**_without(event["multiValueHeaders"], FORWARDED), FORWARDED: [chain]}
    return changed


def _without(headers: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {key: value for key, value in (headers or {}).items() if key.lower() != name}


def header(event: Event, name: str) -> str:
    headers = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), "")

"""Converts the events of API Gateway to the form that Zappa and WSGI can read."""

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


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

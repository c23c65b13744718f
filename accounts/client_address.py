"""The address of the client of a request, which the client cannot choose by a header.

The peer is the caller of API Gateway on Lambda, and elsewhere the other end of the connection. A peer in
`settings.TRUSTED_PROXIES` forwards requests of other clients. Each proxy appends the address of its own peer to
X-Forwarded-For, so the client is the rightmost entry that is not a trusted proxy. Entries further left may come from
the client itself.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Literal, Protocol

from django.conf import settings

MAX_PROXIES = 16
"""The most entries of X-Forwarded-For that are read."""
MAX_LENGTH = 64
"""The most characters of an entry; an IPv6 address in brackets with a scope and a port is shorter."""

Environ = Mapping[str, Any]
Address = IPv4Address | IPv6Address
Peer = Address | Literal["unix"] | None


class Request(Protocol):
    """A request of Django or of REST framework."""

    META: dict[str, Any]


def client_address(request: Request) -> str:
    """An IP address without port and scope; IPv4 if it is mapped to IPv6. Empty if the peer has none."""
    return address_of(request.META)


def limited_address(request: Request) -> str | None:
    """The address that limits count by: for IPv6 the network of 64 bits, which one client usually has to itself.

    None if the peer has no address; all such peers share one limit.
    """
    address = client_address(request)
    if ":" not in address:
        return address or None
    return str(IPv6Network((address, 64), strict=False).network_address)


def address_of(environ: Environ) -> str:
    """The same for a WSGI environment."""
    client = _peer(environ)
    # rsplit, because the left part of the header comes from the client and may be long.
    entries = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", MAX_PROXIES)[-MAX_PROXIES:]
    while entries and _is_trusted(client):
        address = _parsed(entries.pop())
        if address is None:
            break
        client = address
    return "" if client in (None, "unix") else str(client)


def _peer(environ: Environ) -> Peer:
    if (event := environ.get("lambda.event")) is not None:
        # Zappa takes REMOTE_ADDR from X-Forwarded-For, which lets the client choose it behind a REGIONAL endpoint.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
        identity = event.get("requestContext", {}).get("identity") or {}
        return _parsed(identity.get("sourceIp") or "")
    remote = environ.get("REMOTE_ADDR", "")
    # gunicorn sets no address for a peer at a Unix socket.
    return _parsed(remote) if remote else "unix"


def _is_trusted(peer: Peer) -> bool:
    if peer is None or peer == "unix":
        return peer in settings.TRUSTED_PROXIES
    return any(network != "unix" and peer in network for network in settings.TRUSTED_PROXIES)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Address | None:
    """The address in an entry like 192.0.2.1, 192.0.2.1:4711, 2001:db8::1 or [2001:db8::1]:4711, or None."""
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

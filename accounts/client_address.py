"""The address of the client that sends a request, which the client cannot choose by a header.

The peer sent the request to this app: on Lambda the caller of API Gateway, elsewhere the other end of the connection. A
peer in `settings.TRUSTED_PROXIES` passes a request on for somebody else. Each proxy appends the address of its own peer
to X-Forwarded-For, so the client is the rightmost entry that is no trusted proxy; what stands further left is only what
the client claims.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Literal, Protocol

from django.conf import settings

MAX_PROXIES = 16
"""More entries of X-Forwarded-For are not read."""
MAX_LENGTH = 64
"""An IPv6 address in brackets with a scope and a port is shorter."""

Environ = Mapping[str, Any]
Address = IPv4Address | IPv6Address
Peer = Address | Literal["unix"] | None


class Request(Protocol):
    """Django's or REST framework's."""

    META: dict[str, Any]


def client_address(request: Request) -> str:
    """An IP address: IPv4 also where IPv6 only carries it, without port and scope. Empty when the peer has none."""
    return address_of(request.META)


def limited_address(request: Request) -> str | None:
    """The address that limits count by: an IPv6 client has a network of 64 bits to itself, so its first address.

    None when the peer has no address; all those share one limit.
    """
    address = client_address(request)
    if ":" not in address:
        return address or None
    return str(IPv6Network((address, 64), strict=False).network_address)


def address_of(environ: Environ) -> str:
    """What `client_address` says of the request that a WSGI server describes."""
    client = _peer(environ)
    # rsplit, because the left part of the header may be long and is the client's own.
    entries = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", MAX_PROXIES)[-MAX_PROXIES:]
    while entries and _is_trusted(client):
        address = _parsed(entries.pop())
        if address is None:
            break
        client = address
    return "" if client in (None, "unix") else str(client)


def _peer(environ: Environ) -> Peer:
    if (event := environ.get("lambda.event")) is not None:
        # Zappa takes REMOTE_ADDR from X-Forwarded-For, where the client chooses it behind a REGIONAL endpoint.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
        identity = event.get("requestContext", {}).get("identity") or {}
        return _parsed(identity.get("sourceIp") or "")
    remote = environ.get("REMOTE_ADDR", "")
    # gunicorn gives the peer at a Unix socket no address.
    return _parsed(remote) if remote else "unix"


def _is_trusted(peer: Peer) -> bool:
    if peer is None or peer == "unix":
        return peer in settings.TRUSTED_PROXIES
    return any(network != "unix" and peer in network for network in settings.TRUSTED_PROXIES)


def _parsed(text: str) -> Address | None:
    """The address in an entry like 192.0.2.1, 192.0.2.1:4711, 2001:db8::1 or [2001:db8::1]:4711; else None."""
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

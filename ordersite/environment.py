"""Reads settings from environment variables and refuses invalid values.

Each method takes the variable's name and returns a value of the right type. An empty variable counts as not set. An
invalid value raises ImproperlyConfigured with one sentence: the name, the value and the values that are allowed. The
sentence omits a value that may contain a password.
"""

import re
import warnings
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal, NamedTuple, NoReturn

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from ordersite.development import is_http_url

TRUE = frozenset({"true", "yes", "on", "1", "t", "y"})
FALSE = frozenset({"false", "no", "off", "0", "f", "n"})
SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ENGINES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")

LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
NAME = rf"{LABEL}(\.{LABEL})*"
IPV6 = r"\[[0-9a-f:.]+\]"
PORT = r":(?P<port>[0-9]{1,5})"
HOST = re.compile(rf"\*|\.?{NAME}|{IPV6}", re.IGNORECASE)
ORIGIN = re.compile(rf"https?://((\*\.)?{NAME}|{IPV6})({PORT})?", re.IGNORECASE)
BIND = re.compile(rf"(unix:.+|fd://[0-9]+|(?P<host>{NAME}|{IPV6})?{PORT})", re.IGNORECASE)
REGION = re.compile(r"[a-z]{2,}(-[a-z]+)*-[0-9]{1,2}")
TABLE = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html"""
PARAMETER = re.compile(r"(arn:[\w:/.-]+|/?[\w.-]+(/[\w.-]+)*)", re.ASCII)
STATIC_ADDRESS = re.compile(r"(https?://[^\s?#]+|/?[^\s?#/]+(/[^\s?#/]+)*)/|/")
USERNAME = re.compile(r"[\w.@+-]{1,150}")
RATE = re.compile(r"(?P<requests>[1-9][0-9]{0,6})/(?P<period>[a-z]+)")
HIGHEST_PORT = 65535

Network = IPv4Network | IPv6Network
Proxy = Network | Literal["unix"]


class Rate(NamedTuple):
    requests: int
    seconds: int


class Environment(environ.Env):  # type: ignore[misc] # it has no stubs
    """The process's environment, or another mapping in `ENVIRON`."""

    def text(self, name: str, *, default: str = "") -> str:
        """The value unchanged, because it may be a secret."""
        return self.ENVIRON.get(name) or default

    def texts(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self._stripped(name).lower()
        if text and text not in TRUE | FALSE:
            _refuse(name, text, "true or false")
        return text in TRUE if text else default

    def whole_number(self, name: str, *, default: int, at_most: int) -> int:
        text = self._stripped(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= at_most:
            _refuse(name, text, f"a whole number from 1 to {at_most}")
        return int(text)

    def rate(self, name: str, *, default: str) -> Rate:
        text = self._stripped(name) or default
        found = RATE.fullmatch(text)
        if found is None or found["period"] not in SECONDS:
            _refuse(name, text, "a number of requests per sec, min, hour or day, like 1200/min")
        return Rate(int(found["requests"]), SECONDS[found["period"]])

    def log_level(self, name: str, *, default: str) -> str:
        text = (self._stripped(name) or default).upper()
        if text not in LOG_LEVELS:
            _refuse(name, text, f"one of {', '.join(LOG_LEVELS)}")
        return text

    def choice(self, name: str, options: Sequence[str], *, default: str) -> str:
        text = self._stripped(name).lower() or default
        if text not in options:
            _refuse(name, text, " or ".join(options))
        return text

    def hosts(self, name: str) -> list[str]:
        """Django's ALLOWED_HOSTS."""
        expected = "host names without scheme and port, like orders.example.com, separated by commas"
        return [_matched(name, host, HOST, expected) for host in self.texts(name)]

    def origins(self, name: str) -> list[str]:
        """Django's CSRF_TRUSTED_ORIGINS."""
        expected = "origins with a scheme and without a path, like https://orders.example.com, separated by commas"
        return [
            _with_port(name, origin, _match(name, origin, ORIGIN, expected), expected) for origin in self.texts(name)
        ]

    def proxies(self, name: str) -> tuple[Proxy, ...]:
        """The networks whose X-Forwarded-For is trusted; "unix" is the peer at a Unix socket."""
        return tuple("unix" if text == "unix" else _network(name, text) for text in self.texts(name))

    def region(self, name: str, *, default: str) -> str:
        return self._matching(name, default, REGION, "the name of an AWS region, like ap-south-1")

    def table(self, name: str, *, default: str) -> str:
        expected = "3 to 255 letters, digits, dots, dashes or underscores, as DynamoDB names its tables"
        return self._matching(name, default, TABLE, expected)

    def engine(self, name: str) -> str:
        """The address of a DynamoDB engine; empty for Amazon's own."""
        text = self.text(name)
        if text and not is_http_url(text):
            _refuse(name, text, "a URL, like http://127.0.0.1:8000")
        return text

    def ssm_parameter(self, name: str) -> str:
        return self._matching(name, "", PARAMETER, "the name of an SSM parameter, like /ordersite/prod")

    def static_address(self, name: str, *, default: str) -> str:
        return self._matching(
            name, default, STATIC_ADDRESS, "a path or a URL that ends with a slash, like /prod/static/"
        )

    def username(self, name: str, *, default: str) -> str:
        return self._matching(name, default, USERNAME, "1 to 150 letters, digits or characters of @.+-_")

    def email(self, name: str) -> str:
        text = self._stripped(name)
        try:
            if text:
                validate_email(text)
        except ValidationError:
            _refuse(name, text, "an e-mail address")
        return text

    def binds(self, name: str, *, default: str) -> list[str]:
        """Addresses for gunicorn's `bind`."""
        expected = "addresses with a port, like 127.0.0.1:8000, or unix:/path/to/a/socket, separated by commas"
        binds = self.texts(name) or [default]
        return [_with_port(name, bind, _match(name, bind, BIND, expected), expected) for bind in binds]

    def database(self, name: str, *, default: str) -> dict[str, Any]:
        """One of Django's DATABASES. The error message omits the URL, which may contain a password."""
        config = _database(self.text(name, default=default).strip())
        if config is None:
            raise ImproperlyConfigured(
                f"{name} is not a valid database URL; it must be postgres://user:password@host:5432/name or "
                "sqlite:////path/to/a/file, with %XX for special characters in the password."
            )
        return config

    def _stripped(self, name: str) -> str:
        return self.text(name).strip()

    def _matching(self, name: str, default: str, pattern: re.Pattern[str], expected: str) -> str:
        text = self._stripped(name)
        return _matched(name, text, pattern, expected) if text else default


def _refuse(name: str, text: str, expected: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} is {text!r}; it must be {expected}.")


def _match(name: str, text: str, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        _refuse(name, text, expected)
    return found


def _matched(name: str, text: str, pattern: re.Pattern[str], expected: str) -> str:
    return _match(name, text, pattern, expected)[0]


def _with_port(name: str, text: str, found: re.Match[str], expected: str) -> str:
    if found["port"] is not None and not 1 <= int(found["port"]) <= HIGHEST_PORT:
        _refuse(name, text, expected)
    return text


def _network(name: str, text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError:
        network = None
    # A network of all addresses would trust every client.
    if network is None or network.prefixlen == 0:
        _refuse(name, text, "IP addresses, networks like 10.0.0.0/8, or unix, separated by commas")
    return network


def _database(url: str) -> dict[str, Any] | None:
    """The configuration for the URL; None if it is invalid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, KeyError, ImproperlyConfigured, Warning):
        return None
    is_complete = config.get("ENGINE") in ENGINES and config.get("NAME")
    timeout = config.get("OPTIONS", {}).get("connect_timeout", 1)
    return config if is_complete and isinstance(timeout, int) and timeout > 0 else None

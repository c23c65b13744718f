"""Detects a developer's machine and configures the environment for a DynamoDB engine on it.

Uses only the standard library, because `make run` uses it before Django is installed. A process in production calls
only `is_development` and `is_http_url`.
"""

import os
from collections.abc import Mapping, MutableMapping
from urllib.parse import urlsplit

ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"
ENDPOINTS = (ENDPOINT, "AWS_ENDPOINT_URL")
"""The variables that name an engine, in botocore's order of precedence."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def is_development(variables: Mapping[str, str]) -> bool:
    """Whether `.env` and `.local/env` are read."""
    return not variables.get("SECRET_KEY") and not variables.get("SSM_PARAMETER")


def named_engine(variables: Mapping[str, str]) -> str | None:
    """The endpoint in `variables`. An empty variable does not count."""
    return next((variables[name] for name in ENDPOINTS if variables.get(name)), None)


def resolve_engine(variables: MutableMapping[str, str]) -> None:
    """Put the named engine, if any, into ENDPOINT, so that later sources do not override it.

    Empty variables are removed, because botocore reads them as Amazon's own endpoint.
    """
    endpoint = named_engine(variables)
    for name in ENDPOINTS:
        if not variables.get(name):
            variables.pop(name, None)
    if endpoint:
        variables[ENDPOINT] = endpoint


def enforce_engine(variables: MutableMapping[str, str]) -> None:
    """Make sure that calls reach the engine that `variables` name, despite other exported variables.

    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS and its line in ~/.aws/config cannot divert calls from any named engine.
    An engine on this machine needs no account, region, profile, AWS file or proxy, so of the AWS_ variables only
    AWS_REGION, one of our settings, remains. Can be called repeatedly.
    """
    resolve_engine(variables)
    endpoint = variables.get(ENDPOINT)
    if not endpoint:
        return
    if is_local(endpoint):
        for name in [name for name in variables if name.startswith("AWS_") and name != "AWS_REGION"]:
            del variables[name]
        if not variables.get("AWS_REGION"):
            variables.pop("AWS_REGION", None)
        variables.update({ENDPOINT: endpoint, **KEYS, **NO_FILES})
        _bypass_proxies(variables)
    variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false"


def is_http_url(text: str) -> bool:
    """Whether botocore and urllib3 accept `text` as the address of an engine."""
    try:
        address = urlsplit(text)
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is not a number, or unbalanced brackets
        return False


def is_local(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in LOOPBACK


def _bypass_proxies(variables: MutableMapping[str, str]) -> None:
    named = next((variables[name] for name in ("no_proxy", "NO_PROXY") if variables.get(name)), "")
    hosts = [host for host in named.split(",") if host and host not in LOOPBACK]
    variables["NO_PROXY"] = variables["no_proxy"] = ",".join([*hosts, *LOOPBACK])

"""A client of the API that validates each response against the published schema."""

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

UNDESCRIBED = ("/schema",)
"""/schema does not describe itself."""


class ApiClient:
    def __init__(self, key: str | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Api-Key {key}"} if key else {}

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        return self._checked("GET", self.client.get(path, query, headers=self._headers(headers)))

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self._checked("DELETE", self.client.delete(path, headers=self._headers(headers)))

    def send(
        self, method: str, path: str, body: Any, *, content_type: str = "application/json", **headers: str
    ) -> HttpResponse:
        """`body` is sent as JSON, bytes and strings as they are. Write a header's hyphens as underscores."""
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        response = self.client.generic(method, path, data, content_type, headers=self._headers(headers))
        return self._checked(method, response)

    def place(self, **fields: Any) -> dict[str, Any]:
        """A placed order, as the API shows it."""
        response = self.post("/orders", {"item": "Teapot", "quantity": 1, **fields})
        assert response.status_code == 201, response.content
        return response.json()

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}

    def _checked(self, method: str, response: HttpResponse) -> HttpResponse:
        check_conformance(method, response)
        return response


def check_conformance(method: str, response: HttpResponse) -> None:
    """Raises AssertionError or jsonschema's ValidationError if /schema does not describe the response."""
    path = _schema_path(response.request["PATH_INFO"])
    if response.get("Content-Type") == "application/problem+json":
        _validate(response.json(), {"$ref": "#/components/schemas/Problem"})
    operation = schema()["paths"].get(path, {}).get(method.lower())
    if path in UNDESCRIBED:
        return
    if operation is None:
        assert response.status_code in (404, 405, 401, 403), response.content
        return
    described = operation["responses"].get(str(response.status_code))
    assert described is not None, f"/schema has no {response.status_code} for {method} {path}: {response.content!r}"
    _check_headers(described, response)
    if not described.get("content"):
        assert response.content == b""
        return
    media_type = response["Content-Type"].partition(";")[0]
    _validate(response.json(), described["content"][media_type]["schema"])


def _check_headers(described: dict[str, Any], response: HttpResponse) -> None:
    for name, header in described["headers"].items():
        value = response.get(name)
        assert value is not None or not header.get("required"), f"{name} is missing"
        if value is not None:
            _validate(int(value) if header["schema"]["type"] == "integer" else value, header["schema"])


def _schema_path(path: str) -> str:
    route = resolve(path).route.rstrip("/")
    return "/" + route.replace("<order_id:order_id>", "{order_id}")


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI document at /schema."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    assert document["openapi"] == spectacular_settings.OAS_VERSION
    return json.loads(json.dumps(document))


def validator(part: dict[str, Any]) -> Draft202012Validator:
    """A validator for a part of the document, which may contain references to other parts."""
    return _validator(json.dumps(part))


@cache
def _validator(part: str) -> Draft202012Validator:
    pinned = json.loads(part.replace('"#/', '"urn:schema#/'))
    return Draft202012Validator(pinned, registry=_registry(), format_checker=FormatChecker())


@cache
def _registry() -> Registry[Any]:
    """The document, indexed, so that a validator finds a reference without a search."""
    root = Resource(contents=schema(), specification=DRAFT202012)
    return Registry().with_resource("urn:schema", root).crawl()


def _validate(document: Any, part: dict[str, Any]) -> None:
    validator(part).validate(document)

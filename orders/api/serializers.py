"""The input of each endpoint.

Texts are trimmed, and the letters of an e-mail address are composed. Nothing else is converted. Unknown fields are
refused, because ignoring them would lose data. `orders.text` defines what a text may contain.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from unicodedata import category

from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from orders.instants import MissingZoneError, parse_instant
from orders.lifecycle import Status, parse_status
from orders.models import ANONYMOUS, MAX_EMAIL, MAX_QUANTITY, MAX_TEXT
from orders.text import (
    INVALID_DOMAIN_MESSAGE,
    Hidden,
    has_valid_domain,
    hidden_character,
    hidden_in_email,
    read_whole_number,
    tidy_email,
    trimmed,
)

DEFAULT_LIMIT = 25
MAX_LIMIT = 100


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields and repeated query parameters by name."""

    input_kind = "field"

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_unknown(data)
        if isinstance(data, QueryDict):
            self._refuse_repeated(data)
            # REST framework treats an empty parameter as absent, but `?customer_email=` must not list all orders.
            data = data.dict()
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Mapping[str, Any]) -> None:
        if unknown := [name for name in data if name not in self.fields]:
            known = ", ".join(self.fields) or "none"
            sentence = f"There is no such {self.input_kind}. Allowed: {known}."
            errors = {name: [sentence] for name in unknown}
            raise serializers.ValidationError(errors, code=f"unknown_{self.input_kind}")

    def _refuse_repeated(self, data: QueryDict) -> None:
        repeated = [name for name, values in data.lists() if len(values) > 1]
        if repeated:
            raise serializers.ValidationError({name: ["Send it only once."] for name in repeated}, code="repeated")


class TextField(serializers.CharField):
    """A JSON string without hidden characters. Numbers and booleans are refused instead of converted."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # The check for hidden characters replaces these two.
        replaced = ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator
        self.validators = [each for each in self.validators if not isinstance(each, replaced)]
        self.validators.append(self.refuse_hidden)

    def run_validation(self, data: Any = empty) -> Any:
        # Checked first, because CharField's check for blanks converts any value to text, even a deeply nested one.
        if data is not empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(trimmed(data) if isinstance(data, str) else data)

    def find_hidden(self, value: str) -> Hidden | None:
        return hidden_character(value)

    def refuse_hidden(self, value: str) -> None:
        if hidden := self.find_hidden(value):
            raise serializers.ValidationError(hidden.message, code=_hidden_code(hidden.character))


def _hidden_code(character: str) -> str:
    """Two kinds of characters have their own codes for compatibility."""
    if character == "\x00":
        return "null_characters_not_allowed"
    return "surrogate_characters_not_allowed" if category(character) == "Cs" else "hidden_character"


class EmailField(TextField, serializers.EmailField):
    """An e-mail address to search for, with composed letters (NFC).

    Invisible characters are accepted, because stored orders may contain them.
    """

    def find_hidden(self, value: str) -> Hidden | None:
        return None

    def to_internal_value(self, data: Any) -> str:
        return tidy_email(super().to_internal_value(data))


class OptionalEmailField(EmailField):
    """The e-mail address of a new order, or ""."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(_refuse_invalid_domain)

    def find_hidden(self, value: str) -> Hidden | None:
        return hidden_in_email(value)


def _refuse_invalid_domain(email: str) -> None:
    if not has_valid_domain(email):
        raise serializers.ValidationError(INVALID_DOMAIN_MESSAGE, code="invalid")


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; true, "2" and 2.0 are refused."""

    default_error_messages = {"invalid": "Send a whole number as a JSON integer, such as 1000."}  # noqa: RUF012

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class StatusField(TextField):
    """One of the statuses, in upper or lower case."""

    def to_internal_value(self, data: Any) -> Status:
        try:
            return parse_status(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid_choice") from None


class InstantField(serializers.Field[Any, Any, Any, Any]):
    """An instant in RFC 3339 format, with a time zone."""

    default_error_messages = {  # noqa: RUF012 (REST framework's convention)
        "invalid": "Not a valid date and time. Write it like 2026-11-22T10:15:30Z; in a URL, write + as %2B.",
        "no_zone": "The time zone is missing. Write it like 2026-11-22T10:15:30Z.",
    }

    def to_internal_value(self, data: str) -> datetime:
        try:
            return parse_instant(data)
        except MissingZoneError:
            self.fail("no_zone")
        except ValueError:
            self.fail("invalid")


class DigitsField(serializers.IntegerField):
    """A whole number in a query string: only the digits 0 to 9, without a plus sign, blanks or underscores."""

    def to_internal_value(self, data: Any) -> int:
        try:
            # A negative number gets the error for a number that is too small.
            read_whole_number(data.removeprefix("-"))
        except ValueError:
            self.fail("invalid")
        return super().to_internal_value(data)


class PlaceOrderSerializer(StrictSerializer):
    """A new order."""

    item = TextField(max_length=MAX_TEXT, help_text="What is ordered.")
    quantity = WholeNumberField(min_value=1, max_value=MAX_QUANTITY, help_text='A JSON integer, not `1.0` or `"1"`.')
    customer_name = TextField(max_length=MAX_TEXT, default=ANONYMOUS, help_text="Who ordered it.")
    customer_email = OptionalEmailField(
        max_length=MAX_EMAIL,
        default="",
        allow_blank=True,
        help_text="An e-mail address, or empty. The domain may be written in its own script.",
    )


class ChangeStatusSerializer(StrictSerializer):
    """A change of an order."""

    status = StatusField(help_text="The new status, in upper or lower case.")


class NoParametersSerializer(StrictSerializer):
    """For an endpoint that takes no query parameters."""

    input_kind = "parameter"


def validate(serializer_class: type[StrictSerializer], data: Any) -> dict[str, Any]:
    """The validated data. Raises ValidationError."""
    try:
        values: dict[str, Any] = _shared(serializer_class).run_validation(data)
    except serializers.ValidationError:
        # Only an instance with the data can describe every error.
        serializer_class(data=data).is_valid(raise_exception=True)
        raise
    return values


@cache
def _shared(serializer_class: type[StrictSerializer]) -> StrictSerializer:
    """One instance for all requests, because copying the fields for each takes a tenth of the CPU time of a POST."""
    return serializer_class()


class ListOrdersSerializer(StrictSerializer):
    input_kind = "parameter"

    status = StatusField(required=False, help_text="Only orders with this status, in upper or lower case.")
    customer_email = EmailField(
        required=False,
        max_length=MAX_EMAIL,
        help_text="Only orders of this customer. Case is ignored, and the domain may be in either spelling.",
    )
    created_after = InstantField(
        required=False,
        help_text="Only orders created at or after this instant. A time zone is required; write `+` as `%2B` in a URL.",
    )
    created_before = InstantField(required=False, help_text="Only orders created before this instant.")
    limit = DigitsField(
        min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT, help_text="How many orders a page has at most."
    )
    cursor = serializers.CharField(
        required=False,
        max_length=1000,
        help_text="Where the page begins: copied unchanged from `next` or `previous`, with the same filters.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        after, before = attrs.get("created_after"), attrs.get("created_before")
        if after and before and after > before:
            raise serializers.ValidationError(
                {"created_before": ["Must not be earlier than created_after."]}, code="order"
            )
        return attrs

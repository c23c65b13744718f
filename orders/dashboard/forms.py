"""The dashboard's forms. Their validation rules are those of the API."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.instants import parse_instant
from orders.lifecycle import Status, parse_status, sources
from orders.models import ANONYMOUS, MAX_EMAIL, MAX_QUANTITY, MAX_TEXT, Revision, parse_revision
from orders.templatetags.orders_display import status_label
from orders.text import (
    INVALID_DOMAIN_MESSAGE,
    WHOLE_NUMBER_MESSAGE,
    Hidden,
    has_valid_domain,
    hidden_character,
    hidden_in_email,
    read_whole_number,
    tidy_email,
    trimmed,
)

# All orders are within these days, and dates up to a year beyond them are valid in any time zone.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2999, 12, 31)
WITHIN_DAYS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
WITHIN_INSTANTS = [
    validator(datetime.combine(day, time.min, UTC))
    for validator, day in ((MinValueValidator, FIRST_DAY), (MaxValueValidator, LAST_DAY))
]


class StatusField(forms.ChoiceField):
    """One of the statuses, in upper or lower case."""

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value))
        try:
            return parse_status(text)
        except ValueError:
            # Not one of the choices. The field's own validation rejects it.
            return text.strip()


class DayField(forms.DateField):
    """A day as a browser's date field sends it: `2026-11-22`, in the digits 0 to 9."""

    def __init__(self, *, label: Any) -> None:
        widget = forms.DateInput({"type": "date"})
        super().__init__(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], validators=WITHIN_DAYS)

    def strptime(self, value: str, format: str) -> date:  # noqa: A002 (Django's signature)
        if not value.isascii():
            raise ValueError(value)
        return super().strptime(value, format)


class InstantField(forms.DateTimeField):
    """An instant with a time zone, as in the API; set by the overview's links."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput, validators=WITHIN_INSTANTS)

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            return parse_instant(value)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


def refuse_hidden_characters(text: str) -> None:
    _refuse(hidden_character(text))


def refuse_hidden_in_email(email: str) -> None:
    _refuse(hidden_in_email(email))


def _refuse(hidden: Hidden | None) -> None:
    if hidden:
        raise ValidationError(hidden.message.translated(gettext), code="hidden_character")


def refuse_invalid_domain(email: str) -> None:
    if not has_valid_domain(email):
        raise ValidationError(_(INVALID_DOMAIN_MESSAGE), code="invalid")


class TextField(forms.CharField):
    """A text without hidden characters. A text without a visible character is empty."""

    default_validators = [refuse_hidden_characters]  # noqa: RUF012 (Django's own form)

    def to_python(self, value: Any) -> str | None:
        return super().to_python(trimmed(value) if isinstance(value, str) else value)


class EmailField(forms.EmailField):
    """An e-mail address in Unicode's composed form (NFC)."""

    def to_python(self, value: Any) -> str | None:
        return super().to_python(tidy_email(value) if isinstance(value, str) else value)


class WholeNumberField(forms.IntegerField):
    """A whole number, written in the digits 0 to 9 only."""

    # Fields of type "number" accept "1.000", "1e3" or "+4", depending on the browser.
    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        digits = str(value or "").strip()
        if not digits:
            return None
        try:
            return read_whole_number(digits)
        except ValueError:
            raise ValidationError(_(WHOLE_NUMBER_MESSAGE), code="invalid") from None

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # A phone shows its number pad, and a browser checks the value before it sends the form.
        hints = {
            "inputmode": "numeric",
            "pattern": r"\s*[0-9]+\s*",
            "title": _(WHOLE_NUMBER_MESSAGE),
            "autocomplete": "off",
        }
        return {**super().widget_attrs(widget), **hints}


class RevisionField(forms.Field):
    """The revision of the order that the user saw."""

    def to_python(self, value: Any) -> Revision | None:
        revision = parse_revision(str(value or ""))
        if value and revision is None:
            raise ValidationError(_("This is not a version of an order."))
        return revision


class FilterForm(forms.Form):
    """Which orders the list shows. Both dates are inclusive and in the user's time zone."""

    status = StatusField(
        label=_("Status"),
        required=False,
        choices=lambda: [("", _("All")), *((s.value, status_label(s)) for s in Status)],
    )
    customer_email = EmailField(label=_("Customer's e-mail"), required=False, max_length=MAX_EMAIL)
    created_from = DayField(label=_("Created from"))
    created_to = DayField(label=_("Created to"))
    expires_after = InstantField()
    expires_before = InstantField()

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = values.get("created_from"), values.get("created_to")
        if first and last and first > last:
            self.add_error("created_to", _("The last day is before the first day."))
        after, before = values.get("expires_after"), values.get("expires_before")
        if after and before and after > before:
            self.add_error("expires_before", _("The end is before the start."))
        return values


class PlaceOrderForm(forms.Form):
    # Created with the form, so that submitting it twice places one order.
    token = forms.UUIDField(widget=forms.HiddenInput)
    item = TextField(label=_("Item"), max_length=MAX_TEXT)
    quantity = WholeNumberField(label=_("Quantity"), min_value=1, max_value=MAX_QUANTITY, initial=1)
    customer_name = TextField(
        label=_("Customer's name"),
        max_length=MAX_TEXT,
        required=False,
        empty_value=ANONYMOUS,
        help_text=_("If empty, the order shows “anonymous”."),
    )
    customer_email = EmailField(
        label=_("Customer's e-mail"),
        max_length=MAX_EMAIL,
        required=False,
        validators=[refuse_hidden_in_email, refuse_invalid_domain],
    )


class ChangeStatusForm(forms.Form):
    # Only statuses with a transition. EXPIRED is set by the sweep only.
    to = forms.TypedChoiceField(choices=[(s.value, s.value) for s in Status if sources(s)], coerce=Status)
    version = RevisionField()


class DeleteForm(forms.Form):
    version = RevisionField()

"""What staff fill in. The rules are the API's."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from orders.lifecycle import Status, sources
from orders.models import ANONYMOUS, MAX_EMAIL, MAX_QUANTITY, MAX_TEXT

# A year around these can be reckoned with in any time zone; no order lies outside of them.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2999, 12, 31)
WITHIN_DAYS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
WITHIN_INSTANTS = [
    validator(datetime.combine(day, time.min, UTC))
    for validator, day in ((MinValueValidator, FIRST_DAY), (MaxValueValidator, LAST_DAY))
]

LARGEST_VERSION = 10**15
"""More writes than an order will ever see, and still a number that DynamoDB takes."""


class StatusField(forms.ChoiceField):
    """One of the statuses, in whatever case."""

    def to_python(self, value: Any) -> str:  # noqa: ANN401 (Django's signature)
        return str(super().to_python(value)).strip().upper()


class VersionField(forms.IntegerField):
    """The version that the person saw."""

    def __init__(self) -> None:
        super().__init__(min_value=0, max_value=LARGEST_VERSION)


class FilterForm(forms.Form):
    """Which orders the list shows; both dates are included, in the person's time zone."""

    status = StatusField(
        label=_("Status"), required=False, choices=[("", _("All")), *((s.value, s.value) for s in Status)]
    )
    customer_email = forms.EmailField(label=_("Customer's e-mail"), required=False, max_length=MAX_EMAIL)
    created_from = forms.DateField(
        label=_("Created from"), required=False, widget=forms.DateInput({"type": "date"}), validators=WITHIN_DAYS
    )
    created_to = forms.DateField(
        label=_("Created to"), required=False, widget=forms.DateInput({"type": "date"}), validators=WITHIN_DAYS
    )

    # Set by the overview's links.
    expires_after = forms.DateTimeField(required=False, widget=forms.HiddenInput, validators=WITHIN_INSTANTS)
    expires_before = forms.DateTimeField(required=False, widget=forms.HiddenInput, validators=WITHIN_INSTANTS)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = values.get("created_from"), values.get("created_to")
        if first and last and first > last:
            self.add_error("created_to", _("It lies before the first day."))
        after, before = values.get("expires_after"), values.get("expires_before")
        if after and before and after > before:
            self.add_error("expires_before", _("It lies before the first instant."))
        return values


class PlaceOrderForm(forms.Form):
    # Made with the form and sent back with it: two submissions of one form place one order.
    token = forms.UUIDField(widget=forms.HiddenInput)
    item = forms.CharField(label=_("Item"), max_length=MAX_TEXT)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=MAX_QUANTITY, initial=1)
    customer_name = forms.CharField(
        label=_("Customer's name"),
        max_length=MAX_TEXT,
        required=False,
        empty_value=ANONYMOUS,
        help_text=_("Left empty, the order says “anonymous”."),
    )
    customer_email = forms.EmailField(label=_("Customer's e-mail"), max_length=MAX_EMAIL, required=False)


class ChangeStatusForm(forms.Form):
    # What no arrow leads to, nobody can ask for: EXPIRED is the sweep's alone.
    to = forms.TypedChoiceField(choices=[(s.value, s.value) for s in Status if sources(s)], coerce=Status)
    version = VersionField()


class DeleteForm(forms.Form):
    version = VersionField()

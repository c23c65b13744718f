"""What staff fill in. The rules are the API's."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.lifecycle import Status
from orders.models import ANONYMOUS, MAX_EMAIL, MAX_QUANTITY, MAX_TEXT


class FilterForm(forms.Form):
    """Which orders the list shows; both dates are included, in the person's time zone."""

    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("All")), *((s.value, s.value) for s in Status)]
    )
    customer_email = forms.EmailField(label=_("Customer's e-mail"), required=False, max_length=MAX_EMAIL)
    created_from = forms.DateField(label=_("Created from"), required=False, widget=forms.DateInput({"type": "date"}))
    created_to = forms.DateField(label=_("Created to"), required=False, widget=forms.DateInput({"type": "date"}))

    # Set by the overview's links.
    expires_after = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    expires_before = forms.DateTimeField(required=False, widget=forms.HiddenInput)

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
    to = forms.TypedChoiceField(choices=[(s.value, s.value) for s in Status], coerce=Status)
    version = forms.IntegerField(min_value=0)
    """The version that the person saw."""


class DeleteForm(forms.Form):
    version = forms.IntegerField(min_value=0)

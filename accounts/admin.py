from datetime import datetime

from axes.admin import AccessAttemptAdmin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.key_names import checked_name
from accounts.models import ApiKey, KeyStatus, User

# Group and AccessAttempt are registered again below with Unfold's pages. The logs of axes only repeat the attempts.
admin.site.unregister([Group, AccessAttempt, AccessLog, AccessFailureLog])


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, ModelAdmin):
    pass


@admin.register(AccessAttempt)
class LoginFailureAdmin(AccessAttemptAdmin, ModelAdmin):
    """Wrong passwords. Deleting a row unlocks that name at that address."""


class ApiKeyForm(forms.ModelForm):
    def clean_name(self) -> str:
        try:
            return checked_name(self.cleaned_data["name"])
        except ValueError as error:
            raise forms.ValidationError(str(error), code="invalid") from None

    def clean_expiry_date(self) -> datetime | None:
        """Refuse a time in the past, unless it is unchanged, so that an expired key can still be renamed."""
        expiry: datetime | None = self.cleaned_data["expiry_date"]
        if expiry is not None and expiry <= timezone.now() and "expiry_date" in self.changed_data:
            raise forms.ValidationError(PAST_EXPIRY, code="past")
        return expiry


class StatusFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(status.value, str(status.label)) for status in KeyStatus]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """The keys with the chosen status; all keys if the address names no valid status."""
        has_expired = Q(expiry_date__lte=timezone.now())
        chosen: dict[str, QuerySet[ApiKey]] = {
            KeyStatus.ACTIVE: queryset.filter(~has_expired | Q(expiry_date=None), revoked=False),
            KeyStatus.EXPIRED: queryset.filter(has_expired, revoked=False),
            KeyStatus.REVOKED: queryset.filter(revoked=True),
        }
        return chosen.get(self.value() or "", queryset)


EDITABLE = ("name", "access", "expiry_date")
GENERATED = ("prefix", "created")
PAST_EXPIRY = _(
    "This time has passed. Enter a time in the future, or leave both fields empty for a key that never expires. "
    "To disable a key, revoke it."
)
BADGES = {KeyStatus.ACTIVE: "success", KeyStatus.EXPIRED: "warning", KeyStatus.REVOKED: "danger"}
"""The colour of each status, by Unfold's names."""


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    form = ApiKeyForm
    search_fields = ("name", "prefix")
    list_display = ("name", "prefix", "access", "created", "expiry_date", "status")
    list_filter = (StatusFilter, "access", "created")
    actions = ("revoke",)

    @display(description=_("Status"), label=BADGES)
    def status(self, key: ApiKey) -> tuple[str, str]:
        status = key.status(at=timezone.now())
        return status, str(status.label)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """A new key has no prefix yet and cannot be revoked."""
        return EDITABLE if obj is None else (*EDITABLE, "revoked", *GENERATED)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """Revoking cannot be undone, so a revoked key is read-only."""
        return (*EDITABLE, "revoked", *GENERATED) if obj and obj.revoked else GENERATED

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:  # noqa: FBT001 - Django's
        """Save. A new key is shown once."""
        if change:
            super().save_model(request, obj, form, change)
            return
        key = obj.generate()
        super().save_model(request, obj, form, change)
        message = gettext(
            'The key "{}" is <code>{}</code>. Copy it now: only a hash is stored, so it cannot be shown again.'
        )
        self.message_user(request, format_html(message, obj.name, key), messages.WARNING)

    @admin.action(description=_("Revoke selected API keys (cannot be undone)"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        usable = list(queryset.filter(revoked=False))
        for key in usable:
            key.revoked = True
            key.save(update_fields=["revoked"])
            self.log_change(request, key, "Revoked.")
        message = ngettext(
            "%d API key was revoked. Requests with it are refused within a minute.",
            "%d API keys were revoked. Requests with them are refused within a minute.",
            len(usable),
        )
        self.message_user(request, message % len(usable), messages.SUCCESS)

import hashlib
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.key_names import MAX_NAME_LENGTH, displayed_name

PREFIX_LENGTH = 8
SECRET_LENGTH = 32


class User(AbstractUser):
    """A member of staff. A model of our own from the first migration on, because Django cannot replace it later."""


class Access(models.TextChoices):
    READ_ONLY = "read-only", _("Read-only")
    READ_WRITE = "read-write", _("Read-write")


class KeyStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


class ApiKeyManager(models.Manager["ApiKey"]):
    def create_key(self, **fields: Any) -> tuple["ApiKey", str]:
        """Store a new key. Returns the row and the key itself, which cannot be recovered later."""
        row = self.model(**fields)
        key = row.generate()
        row.save()
        return row, key


class ApiKey(models.Model):
    """The key of an API client: `<prefix>.<secret>`. The prefix is public; of the whole key only a hash is stored.

    Columns and hashes are those of djangorestframework-api-key 3.1, which created the first keys.
    """

    id = models.CharField(max_length=150, unique=True, primary_key=True, editable=False)
    prefix = models.CharField(_("prefix"), max_length=PREFIX_LENGTH, unique=True, editable=False)
    hashed_key = models.CharField(max_length=150, editable=False)
    created = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)
    name = models.CharField(
        _("name"),
        max_length=MAX_NAME_LENGTH,
        default=None,
        help_text=format_lazy(
            _("Who uses the key. The history of an order shows this name. At most {limit} characters."),
            limit=MAX_NAME_LENGTH,
        ),
    )
    revoked = models.BooleanField(
        _("revoked"), blank=True, default=False, help_text=_("A revoked key is refused. Revoking cannot be undone.")
    )
    expiry_date = models.DateTimeField(
        _("Expires"), blank=True, null=True, help_text=_("From this time on the key is refused.")
    )
    access = models.CharField(
        _("access"),
        max_length=10,
        choices=Access.choices,
        default=Access.READ_ONLY,
        help_text=_(
            "A read-only key can list and read orders. A read-write key can also place, change and delete them."
        ),
    )

    objects = ApiKeyManager()

    class Meta:
        ordering = ("-created",)
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._was_revoked = self.revoked

    def __str__(self) -> str:
        """The name as the admin shows it."""
        return displayed_name(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises ValidationError for a revoked key that would become usable again."""
        if self._was_revoked and not self.revoked:
            raise ValidationError("This API key has been revoked. Revoking cannot be undone.")
        super().save(*args, **kwargs)

    def generate(self) -> str:
        """Assign a new random key to this unsaved row, and return the key."""
        self.prefix = get_random_string(PREFIX_LENGTH)
        key = f"{self.prefix}.{get_random_string(SECRET_LENGTH)}"
        self.hashed_key = _hash(key)
        self.id = f"{self.prefix}.{self.hashed_key}"
        return key

    def matches(self, key: str) -> bool:
        """Whether `key` is this key, compared in constant time."""
        return constant_time_compare(_hash(key), self.hashed_key)

    def status(self, *, at: datetime) -> KeyStatus:
        """Whether the key is accepted at `at`, and if not, why. A key that is revoked and has expired is REVOKED."""
        if self.revoked:
            return KeyStatus.REVOKED
        return KeyStatus.EXPIRED if self.expiry_date is not None and self.expiry_date <= at else KeyStatus.ACTIVE


def _hash(key: str) -> str:
    """SHA-512 without a salt: a key is random and has 190 bits of entropy, so it cannot be guessed from its hash."""
    return f"sha512$${hashlib.sha512(key.encode()).hexdigest()}"


class NoRows(models.Manager["OrderPermission"]):
    """Returns nothing and makes no query, so that `dumpdata` does not fail on the missing table."""

    def get_queryset(self) -> models.QuerySet["OrderPermission"]:
        return super().get_queryset().none()


class OrderPermission(models.Model):  # noqa: DJ008 (there is never a row to name)
    """The permissions on orders, such as `accounts.view_order`. The model has no table and no rows.

    Django attaches each permission to a model, and orders are in DynamoDB, so this model takes their place.
    """

    objects = NoRows()

    class Meta:
        managed = False
        base_manager_name = "objects"
        default_permissions = ()
        permissions = (
            ("view_order", "Can view order"),
            ("add_order", "Can add order"),
            ("change_order", "Can change order"),
            ("delete_order", "Can delete order"),
        )
        verbose_name = _("order")

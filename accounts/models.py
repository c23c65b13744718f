from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey

from accounts.key_names import shown_name


class User(AbstractUser):
    """A member of staff. Ours from the first migration, because it cannot be swapped in later."""


class Access(models.TextChoices):
    READ_ONLY = "read-only", "Read-only"
    READ_WRITE = "read-write", "Read-write"


class KeyStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"


class ApiKey(AbstractAPIKey):
    """What a shop or a script identifies itself with. Only a hash of the key is stored; the prefix is public."""

    access = models.CharField(
        max_length=10,
        choices=Access.choices,
        default=Access.READ_ONLY,
        help_text="A read-only key sees orders; a read-write key also places, changes, deletes.",
    )

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"

    def __str__(self) -> str:
        """The name as the admin shows it."""
        return shown_name(self.name)

    def status(self, *, at: datetime) -> KeyStatus:
        """Whether the key is accepted at `at`, and if not, why. A key that is revoked and has expired is REVOKED."""
        if self.revoked:
            return KeyStatus.REVOKED
        return KeyStatus.EXPIRED if self.expiry_date is not None and self.expiry_date <= at else KeyStatus.ACTIVE


class NoRows(models.Manager["OrderPermission"]):
    """Finds nothing without asking the database, so that `dumpdata` does not trip over the table that is not there."""

    def get_queryset(self) -> models.QuerySet["OrderPermission"]:
        return super().get_queryset().none()


class OrderPermission(models.Model):  # noqa: DJ008 - there is never a row to name
    """The permissions on orders: `accounts.view_order`, `accounts.change_order` and so on. Never a row, never a table.

    Orders live in DynamoDB, so there is no ORM model that Django could hang their permissions on; this one stands in.
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
        verbose_name = "order"

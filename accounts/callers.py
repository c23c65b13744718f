"""The caller of a request: a member of staff (`User`) or a program with an API key (`ApiKeyCaller`)."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from accounts.models import Access

GRANTED = {
    Access.READ_ONLY.value: frozenset({"accounts.view_order"}),
    Access.READ_WRITE.value: frozenset(
        {"accounts.view_order", "accounts.add_order", "accounts.change_order", "accounts.delete_order"}
    ),
}


@dataclass(frozen=True, slots=True)
class ApiKeyCaller:
    """The `request.user` of a request that was made with an API key."""

    prefix: str
    name: str
    access: str

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False

    @property
    def pk(self) -> str:
        return f"api-key:{self.prefix}"

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return perm in GRANTED[self.access]

    def __str__(self) -> str:
        return f"api-key:{self.name}"


Caller = ApiKeyCaller | AbstractBaseUser | AnonymousUser


class Identity(NamedTuple):
    id: str
    """Unique and permanent: an idempotency key belongs to this id."""
    label: str
    """What the history of an order shows. Readable, but neither unique nor permanent."""


def identify(caller: Caller) -> Identity:
    """Raises ValueError for an anonymous user: different people must not share an identity."""
    if isinstance(caller, ApiKeyCaller):
        return Identity(caller.pk, str(caller))
    if not caller.is_authenticated:
        raise ValueError("An anonymous user has no identity. Check the permissions first.")
    return Identity(f"user:{caller.pk}", f"staff:{caller.get_username()}")

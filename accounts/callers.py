"""Who makes a request: a member of staff (`User`) or a program with an API key (`ApiKeyCaller`)."""

from dataclasses import dataclass
from typing import ClassVar

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
    """Stands where a user stands, as `request.user`, when a request was made with an API key."""

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


def caller_id(user: Caller) -> str:
    """The same for every request of one caller and of nobody else: what an idempotency key is bound to.

    Raises ValueError for somebody who has not said who they are: strangers must not share an identity.
    """
    _refuse_strangers(user)
    return user.pk if isinstance(user, ApiKeyCaller) else f"user:{user.pk}"


def caller_label(user: Caller) -> str:
    """What the history of an order says of the caller: readable, and neither unique nor for ever.

    Raises ValueError for somebody who has not said who they are.
    """
    _refuse_strangers(user)
    return str(user) if isinstance(user, ApiKeyCaller) else f"staff:{user.get_username()}"


def _refuse_strangers(user: Caller) -> None:
    if not user.is_authenticated:
        raise ValueError("An anonymous user has no identity; ask for permission before asking who it is.")

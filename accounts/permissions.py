from typing import TYPE_CHECKING, NamedTuple

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.callers import ApiKeyCaller
from accounts.throttling import count_refusal

if TYPE_CHECKING:
    # Views import this module while they are made themselves, because the settings name it as their default.
    from rest_framework.views import APIView


class Need(NamedTuple):
    perm: str
    label: str
    group: str


VIEW = Need("accounts.view_order", "Can view order", "Order viewers")
ADD = Need("accounts.add_order", "Can add order", "Order managers")
CHANGE = Need("accounts.change_order", "Can change order", "Order managers")
DELETE = Need("accounts.delete_order", "Can delete order", "Order managers")

NEEDS = {
    "GET": VIEW,
    "HEAD": VIEW,
    "OPTIONS": VIEW,
    "POST": ADD,
    "PUT": CHANGE,
    "PATCH": CHANGE,
    "DELETE": DELETE,
}


class OrderPermissions(BasePermission):
    """Each method needs one permission on orders; a refusal says in words which is missing.

    A stranger becomes a 401, a caller who lacks the permission a 403 with the code `read_only_api_key` or
    `missing_permission`, a method that nothing here answers to a 405. Each refusal counts towards the caller's limit.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        need = NEEDS.get(request.method or "")
        if need is not None and request.user.is_authenticated and request.user.has_perm(need.perm):
            return True
        count_refusal(request)
        if need is None:
            raise MethodNotAllowed(request.method or "")
        if not request.user.is_authenticated:
            return False
        # REST framework makes an instance for each request and reads these two from it when it refuses.
        self.code, self.message = refusal(request.user, need)
        return False


def refusal(user: object, need: Need) -> tuple[str, str]:
    """The code and the sentence for a caller who lacks `need`."""
    if isinstance(user, ApiKeyCaller):
        return "read_only_api_key", "This API key is read-only; writing needs a read-write key."
    return (
        "missing_permission",
        f"You lack the permission '{need.label}'. Ask an administrator for the group \"{need.group}\".",
    )

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.callers import ApiKeyCaller
from accounts.throttling import count_refusal

if TYPE_CHECKING:
    # A circular import otherwise: views load this module, which the settings name as a default.
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
    """Each method needs one permission on orders. A refusal names the missing one.

    An anonymous request is a 401. A caller without the permission gets a 403 with the code `read_only_api_key` or
    `missing_permission`, and an unknown method is a 405. Each refusal counts towards the caller's limit.
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
    """The code and the message for a caller without the permission; the message in the language of the response."""
    if isinstance(user, ApiKeyCaller):
        return "read_only_api_key", "This API key is read-only. Use a read-write key to change orders."
    message = _("You do not have the permission '%(permission)s'. Ask an administrator for the group \"%(group)s\".")
    return "missing_permission", message % {"permission": need.label, "group": need.group}

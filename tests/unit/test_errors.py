from datetime import UTC, datetime

import pytest

from orders import errors
from orders.errors import IllegalTransitionError, OrderError, OrderNotFoundError, VersionMismatchError
from orders.lifecycle import Status
from orders.models import new_order


def error_classes():
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OrderError)]


@pytest.fixture
def order():
    at = datetime(2026, 11, 22, tzinfo=UTC)
    fields = {"item": "Teapot", "quantity": 1, "customer_name": "anonymous", "customer_email": ""}
    return new_order(order_id="o-1", **fields, at=at, by="staff:anna")


def test_error_codes_never_change():
    """Clients rely on the codes. Add to this list, but never change or remove one."""
    assert {kind.code for kind in error_classes() if kind is not OrderError} == {
        "order_not_found",
        "unreadable_order",
        "illegal_transition",
        "version_mismatch",
        "idempotency_key_reused",
        "invalid_cursor",
        "store_unavailable",
    }


def test_no_two_errors_share_a_code():
    codes = [kind.code for kind in error_classes() if kind is not OrderError]
    assert len(codes) == len(set(codes)) == 7


def test_the_message_about_an_unknown_order_contains_its_id():
    assert str(OrderNotFoundError("o-1")) == "There is no order o-1."


def test_the_message_about_an_illegal_transition_lists_the_allowed_ones(order):
    error = IllegalTransitionError(order, Status.COMPLETED)
    assert str(error) == "Order o-1 is PENDING and cannot become COMPLETED. Allowed: PROCESSING or CANCELLED."
    assert (error.order, error.to) == (order, Status.COMPLETED)


def test_the_message_about_a_final_order_states_that_it_is_final(order):
    order.status = Status.EXPIRED
    assert str(IllegalTransitionError(order, Status.PENDING)).endswith("cannot become PENDING. This status is final.")


def test_the_message_about_a_version_mismatch_contains_the_current_version(order):
    order.version = 7
    error = VersionMismatchError(order)
    assert "o-1 is now at version 7" in str(error)
    assert error.order is order

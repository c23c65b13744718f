from datetime import UTC, datetime

import pytest

from orders import errors
from orders.errors import IllegalTransitionError, OrderError, OrderNotFoundError, VersionMismatchError
from orders.lifecycle import Status
from orders.models import new_order


def family():
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OrderError)]


@pytest.fixture
def order():
    at = datetime(2026, 11, 22, tzinfo=UTC)
    fields = {"item": "Teapot", "quantity": 1, "customer_name": "anonymous", "customer_email": ""}
    return new_order(order_id="o-1", **fields, at=at, by="staff:anna")


def test_the_codes_are_those_that_clients_know():
    """A code never changes: a client may have been written against it. Add to this list; take nothing from it."""
    assert {kind.code for kind in family() if kind is not OrderError} == {
        "order_not_found",
        "unreadable_order",
        "illegal_transition",
        "version_mismatch",
        "idempotency_key_reused",
        "invalid_cursor",
        "store_unavailable",
    }


def test_no_two_errors_share_a_code():
    codes = [kind.code for kind in family() if kind is not OrderError]
    assert len(codes) == len(set(codes)) == 7


def test_a_missing_order_is_named():
    assert str(OrderNotFoundError("o-1")) == "There is no order o-1."


def test_an_illegal_transition_names_both_statuses_and_what_is_allowed(order):
    error = IllegalTransitionError(order, Status.COMPLETED)
    assert str(error) == "Order o-1 is PENDING and cannot become COMPLETED. Allowed: PROCESSING or CANCELLED."
    assert (error.order, error.to) == (order, Status.COMPLETED)


def test_a_final_order_is_said_to_be_final(order):
    order.status = Status.EXPIRED
    assert str(IllegalTransitionError(order, Status.PENDING)).endswith("cannot become PENDING. This status is final.")


def test_a_version_mismatch_names_the_version_by_now(order):
    order.version = 7
    error = VersionMismatchError(order)
    assert "o-1 is now at version 7" in str(error)
    assert error.order is order

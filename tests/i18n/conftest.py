"""Staff who sign in with a browser, as for the dashboard's tests."""

from tests.dashboard.conftest import anna, sign_in

__all__ = ["anna", "sign_in"]

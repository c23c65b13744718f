import pytest
from django.core.management import CommandError, call_command

from accounts.models import User


@pytest.fixture
def named(db, settings):
    settings.ADMIN_USERNAME, settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "anna", "anna@example.com", "first"


def test_the_first_administrator_is_created(named, capsys):
    call_command("ensure_admin")
    anna = User.objects.get(username="anna")
    assert (anna.is_staff, anna.is_superuser, anna.email) == (True, True, "anna@example.com")
    assert anna.check_password("first")
    assert capsys.readouterr().out == "Administrator anna can sign in.\n"


def test_an_existing_administrator_keeps_the_password(named, settings):
    call_command("ensure_admin")
    settings.ADMIN_PASSWORD = "second"
    call_command("ensure_admin")
    assert User.objects.get().check_password("first")


def test_a_reset_restores_password_and_rights(named, settings):
    User.objects.create_user("anna", password="forgotten", is_active=False)
    call_command("ensure_admin", "--reset")
    anna = User.objects.get()
    assert anna.check_password("first")
    assert (anna.is_active, anna.is_superuser) == (True, True)


def test_the_command_fails_without_a_password(named, settings):
    settings.ADMIN_PASSWORD = ""
    with pytest.raises(CommandError, match="ADMIN_PASSWORD is not set"):
        call_command("ensure_admin")
    assert not User.objects.exists()

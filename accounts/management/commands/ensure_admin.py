from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User


class Command(BaseCommand):
    help = (
        "Create the first administrator from the settings ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD. An existing "
        "administrator is not changed, so the command can be repeated; --reset restores the password and rights."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="set the password and the rights again")

    def handle(self, *, reset: bool, **_: object) -> None:
        """Raises CommandError if ADMIN_PASSWORD is not set."""
        name = settings.ADMIN_USERNAME
        user = User.objects.filter(username=name).first()
        if user is not None and not reset:
            self.stdout.write(f"Administrator {name} already exists. Nothing was changed.")
            return
        if not settings.ADMIN_PASSWORD:
            raise CommandError("ADMIN_PASSWORD is not set. Set it in the SSM parameter or in the environment.")
        user = user or User(username=name, email=settings.ADMIN_EMAIL)
        user.is_staff = user.is_superuser = user.is_active = True
        user.set_password(settings.ADMIN_PASSWORD)
        user.save()
        self.stdout.write(f"Administrator {name} can sign in.")

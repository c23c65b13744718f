from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User


class Command(BaseCommand):
    help = (
        "Make the first administrator, with ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD of the settings. One who "
        "is there already keeps password and rights, so this may be repeated; --reset gives both back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="give password and rights anew")

    def handle(self, *, reset: bool, **_: object) -> None:
        """Raises CommandError when there is no password to give."""
        name = settings.ADMIN_USERNAME
        user = User.objects.filter(username=name).first()
        if user is not None and not reset:
            self.stdout.write(f"Administrator {name} is there already; nothing was changed.")
            return
        if not settings.ADMIN_PASSWORD:
            raise CommandError("ADMIN_PASSWORD is not set. Put it into the SSM parameter, or the environment.")
        user = user or User(username=name, email=settings.ADMIN_EMAIL)
        user.is_staff = user.is_superuser = user.is_active = True
        user.set_password(settings.ADMIN_PASSWORD)
        user.save()
        self.stdout.write(f"Administrator {name} can sign in.")

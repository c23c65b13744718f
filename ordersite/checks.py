"""System checks for production: `manage.py check --deploy`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def database_is_permanent(**_: Any) -> list[CheckMessage]:
    """Users, sessions and API keys must be permanent, and the disk of a Lambda is not."""
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
        return []
    return [
        Error(
            "The relational database is SQLite, a file on a disk that is not permanent in production.",
            hint="Set DATABASE_URL to postgres://user:password@host/name, in the SSM parameter or the environment.",
            id="ordersite.E001",
        )
    ]

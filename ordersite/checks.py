"""System checks for production: `manage.py check --deploy`."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.checks import check_admin_app
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


def admin_is_valid(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Django's own check of the admin, after loading the models that are registered there."""
    admin.autodiscover()
    return check_admin_app(app_configs)

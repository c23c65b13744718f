from django.apps import AppConfig
from django.core.checks import Tags, register

from ordersite.checks import admin_is_valid, database_is_permanent


class OrdersiteConfig(AppConfig):
    name = "ordersite"

    def ready(self) -> None:
        register(database_is_permanent, Tags.database, deploy=True)
        register(admin_is_valid, Tags.admin)

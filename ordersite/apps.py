from django.apps import AppConfig


class OrdersiteConfig(AppConfig):
    name = "ordersite"

    def ready(self) -> None:
        from ordersite import checks  # noqa: F401, PLC0415 (importing registers the checks, which need loaded apps)

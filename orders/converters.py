from django.urls.converters import StringConverter

from orders.reading import MAX_ORDER_ID


class OrderIdConverter(StringConverter):
    """Any text of 1 to MAX_ORDER_ID characters without a slash."""

    regex = f"[^/]{{1,{MAX_ORDER_ID}}}"

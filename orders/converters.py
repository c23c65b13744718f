from django.urls.converters import StringConverter

from orders.reading import MAX_ORDER_ID


class OrderIdConverter(StringConverter):
    """Any non-empty text that is short enough to be the id of an order."""

    regex = f"[^/]{{1,{MAX_ORDER_ID}}}"

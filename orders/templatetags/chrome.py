"""Changes to the HTML of Unfold's page layout where Unfold has no template block for them."""

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def with_landmark(html: SafeString) -> SafeString:
    """The page with `role="main"` on its content, so that screen-reader users can jump to it."""
    return mark_safe(html.replace('<div id="main"', '<div id="main" role="main"', 1))  # noqa: S308 (rendered already)


@register.filter
def without_restored_selection(html: SafeString) -> SafeString:
    """The page with `autocomplete="off"` on the form of an admin list, if there is one.

    After Back, browsers restore checkboxes by position, but another row may now be in that position.
    """
    form = '<form id="changelist-form"'
    return mark_safe(html.replace(form, f'{form} autocomplete="off"', 1))  # noqa: S308 (rendered already)

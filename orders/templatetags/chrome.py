"""What Unfold's chrome lacks."""

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def with_landmark(chrome: SafeString) -> SafeString:
    """The chrome with its content marked as the page's main part, which those who hear a page jump to.

    Unfold marks nothing, and offers no block that holds all of the content.
    """
    return mark_safe(chrome.replace('<div id="main"', '<div id="main" role="main"', 1))  # noqa: S308 (rendered already)


@register.filter
def without_restored_ticks(chrome: SafeString) -> SafeString:
    """The chrome with `autocomplete="off"` on the form of an admin list, if any.

    Browsers restore ticks by position after Back, when another row may be in that position. Unfold's form has no block.
    """
    form = '<form id="changelist-form"'
    return mark_safe(chrome.replace(form, f'{form} autocomplete="off"', 1))  # noqa: S308 (rendered already)

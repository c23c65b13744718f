"""Changes to the HTML of Unfold's page layout where Unfold has no template block for them."""

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.loader_tags import ExtendsNode, do_extends
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

UNFOLD_CHART = 'class="chart"'
"""The markup of Unfold's chart components, which its script draws with Chart.js."""


class ExtendsWithoutChartJsNode(ExtendsNode):
    def render(self, context: Context) -> SafeString:
        page: SafeString = super().render(context)
        if UNFOLD_CHART in page:
            return page
        script = f'<script src="{static("unfold/js/chart/chart.js")}"></script>'
        return mark_safe(page.replace(script, "", 1))  # noqa: S308 (rendered already)


@register.tag
def extends_without_chart_js(parser: Parser, token: Token) -> ExtendsWithoutChartJsNode:
    """`{% extends %}` for Unfold's skeleton, without its Chart.js (200 kB) on pages that have no chart of Unfold's.

    The skeleton loads it outside all blocks.
    """
    node = do_extends(parser, token)
    return ExtendsWithoutChartJsNode(node.nodelist, node.parent_name)


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

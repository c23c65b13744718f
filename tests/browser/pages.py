"""Pages that one test uses after another.

With a new browser context, a page takes three times as much CPU time: for a renderer process, for a window, and for all
scripts and fonts, which are loaded and compiled again.
"""

from collections import defaultdict
from typing import Any

from playwright.sync_api import Browser, Page

TIMEOUT = 60_000
"""Milliseconds until a page must show what a test expects; an idle machine takes a fraction of a second."""
EMPTY = "/static/orders/favicon.svg"
"""A document of the site without scripts. The renderer process stays, because it is of the same site."""

# sessionStorage and the name belong to the page; other storage is cleared for the whole site.
CLEAR = """() => {
  sessionStorage.clear();
  window.name = "";
  return setTimeout.toString().includes("[native code]");
}"""
CHANGED = "The test has changed the page permanently, as page.clock does. Pass reuse=False to open_browser."


class Pages:
    """Pages, each in its own browser context. A page that is given back is cleared and taken again."""

    def __init__(self, browser: Browser, site: str) -> None:
        self._browser = browser
        self._site = site
        self._free: dict[str, list[Page]] = defaultdict(list)
        self._keys: dict[Page, str] = {}

    def take(self, *, viewport: dict[str, int], color_scheme: str = "light", **options: Any) -> Page:
        """A page without cookies, storage, permissions and history; `options` are those of `Browser.new_context`."""
        key = repr(sorted(options.items()))
        page = self._free[key].pop() if self._free[key] else self.create(viewport=viewport, **options)
        self._keys[page] = key
        if page.viewport_size != viewport:
            page.set_viewport_size(viewport)
        page.emulate_media(media="null", color_scheme=color_scheme)
        return page

    def create(self, **options: Any) -> Page:
        """A page in a new browser context."""
        context = self._browser.new_context(base_url=self._site, **options)
        context.set_default_timeout(TIMEOUT)
        return context.new_page()

    def close(self, page: Page) -> None:
        page.context.close()

    def give_back(self, page: Page) -> None:
        context = page.context
        page.goto(EMPTY)
        page.mouse.move(-1, -1)
        assert page.evaluate(CLEAR), CHANGED
        session = context.new_cdp_session(page)
        session.send("Page.resetNavigationHistory")
        session.send("Storage.clearDataForOrigin", {"origin": self._site, "storageTypes": "all"})
        session.detach()
        context.clear_cookies()
        context.clear_permissions()
        self._free[self._keys.pop(page)].append(page)

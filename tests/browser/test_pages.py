"""A page that another test has used is like a new one, and every page is watched."""

import pytest
from playwright.sync_api import expect

from tests.browser.watch import Watch

DIRTY = """async () => {
  document.cookie = "theme=dark; path=/";
  localStorage.setItem("adminTheme", '"dark"');
  sessionStorage.setItem("selection", "all");
  window.name = "used";
  await caches.open("used");
  await new Promise((resolve) => { indexedDB.open("used").onsuccess = resolve; });
}"""
STATE = """async () => ({
  cookies: document.cookie.split("; ").map((cookie) => cookie.split("=")[0]),
  local: localStorage.length,
  session: sessionStorage.length,
  name: window.name,
  caches: await caches.keys(),
  databases: await indexedDB.databases(),
  clipboard: (await navigator.permissions.query({ name: "clipboard-read" })).state,
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  print: matchMedia("print").matches,
  width: innerWidth,
})"""
PAGE = "/admin/login/"


@pytest.fixture
def follow(site):
    """Watches a page until the test ends. The problems are not those of the test."""
    followed = []

    def follow(page):
        followed.append((watch := Watch(site), page))
        watch.follow(page)
        return watch

    yield follow
    for watch, page in followed:
        watch.leave(page)


def take(pages, **options):
    return pages.take(viewport={"width": 1280, "height": 800}, **options)


def state(page):
    page.goto(PAGE)
    return page.evaluate(STATE)


def test_a_used_page_is_like_a_new_one(pages, site):
    used = pages.take(viewport={"width": 320, "height": 800}, color_scheme="dark", locale="fr-FR")
    used.context.add_cookies([{"name": "sessionid", "value": "x", "url": site}])
    used.context.grant_permissions(["clipboard-read"])
    used.emulate_media(media="print")
    for url in ("/orders", PAGE):
        used.goto(url)
    used.mouse.move(100, 100)
    used.evaluate(DIRTY)
    pages.give_back(used)

    again = take(pages, locale="fr-FR")
    assert again is used
    assert again.context.cookies() == []
    found = state(again)
    again.mouse.down()
    again.mouse.up()
    assert again.locator("body :hover").count() == 0, "the mouse is where the earlier test left it"
    new = pages.create(viewport={"width": 1280, "height": 800}, locale="fr-FR")
    assert found == state(new)
    pages.close(new)
    again.go_back()
    assert again.go_back() is None, "the history of the earlier test is left"
    pages.give_back(again)


def test_two_pages_of_one_test_do_not_share_cookies(pages):
    first, second = take(pages), take(pages)
    first.goto(PAGE)
    assert first.context.cookies()
    assert second.context.cookies() == []
    pages.give_back(first)
    pages.give_back(second)


def test_a_test_that_installs_a_clock_needs_a_page_of_its_own(pages):
    page = take(pages, locale="fr-FR")
    page.clock.install()
    with pytest.raises(AssertionError, match="Pass reuse=False"):
        pages.give_back(page)
    pages.close(page)


def test_an_error_in_the_console_is_a_problem_until_the_watch_leaves_the_page(pages, follow):
    page = take(pages)
    watch, other = follow(page), follow(page)
    page.goto(PAGE)
    other.leave(page)
    page.evaluate("console.error('broken')")
    expect(page.get_by_label("Username")).to_be_visible()
    assert [problem.rpartition("error: ")[2] for problem in watch.problems] == ["broken"]
    assert other.problems == []
    pages.give_back(page)

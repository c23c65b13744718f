"""Parses a page without scripts: its text, its links, and its forms with the data that they submit."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from django.http import HttpResponse
from django.test import Client

HIDDEN = ("script", "style", "title", "svg")


@dataclass
class Link:
    href: str
    text: str = ""
    attributes: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name and value of each button, by its text."""

    def data(self, button: str | None = None, **changes: object) -> dict[str, object]:
        """The data that the button submits, with these fields changed."""
        data: dict[str, list[str]] = {}
        for name, value in [*self.fields, *([self.buttons[button]] if button else [])]:
            if name and name != "csrfmiddlewaretoken":
                data.setdefault(name, []).append(value)
        return {**data, **changes}


class Page(HTMLParser):
    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        assert response["Content-Type"] == "text/html; charset=utf-8"
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self.titles: list[str] = []
        """The `title` attributes, which are shown on hover."""
        self.refresh: str | None = None
        self._at = response.request["PATH_INFO"] if hasattr(response, "request") else "/"
        self._texts: list[str] = []
        self._hidden = 0
        self._starts_text = True
        self._link: Link | None = None
        self._form: Form | None = None
        self._button: tuple[str, str, str] | None = None
        self.feed(response.content.decode())
        self.text = " ".join(" ".join(self._texts).replace("\xa0", " ").split())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if attributes.get("title"):
            self.titles.append(attributes["title"])
        self._starts_text = self._starts_text or tag != "bdi"
        if tag in HIDDEN:
            self._hidden += 1
        elif tag == "a" and "href" in attributes:
            self._link = Link(attributes["href"], attributes=attributes)
            self.links.append(self._link)
        elif tag == "meta" and attributes.get("http-equiv") == "refresh":
            self.refresh = attributes["content"]
        elif tag == "form":
            action = urljoin(self._at, attributes.get("action") or "")
            self._form = Form(action, attributes.get("method", "get"))
            self.forms.append(self._form)
        elif tag == "input" and self._form:
            if attributes.get("type") != "checkbox" or "checked" in attributes:
                self._form.fields.append((attributes.get("name", ""), attributes.get("value", "")))
        elif tag == "button" and self._form:
            self._button = ("", attributes.get("name", ""), attributes.get("value", ""))

    def handle_endtag(self, tag):
        self._starts_text = self._starts_text or tag != "bdi"
        if tag in HIDDEN:
            self._hidden -= 1
        elif tag == "a":
            self._link = None
        elif tag == "form":
            self._form = None
        elif tag == "button" and self._button and self._form:
            text, name, value = self._button
            self._form.buttons[text.strip()] = (name, value)
            self._button = None

    def handle_data(self, data):
        if self._hidden:
            return
        if self._starts_text:
            self._texts.append(data)
        else:
            self._texts[-1] += data
        self._starts_text = False
        if self._link:
            self._link.text = f"{self._link.text} {' '.join(data.split())}".strip()
        if self._button:
            text, name, value = self._button
            self._button = (f"{text} {' '.join(data.split())}".strip(), name, value)

    def link(self, text: str) -> str:
        """The target of the links that contain this text. Fails if there is none, or more than one target."""
        found = {link.href for link in self.links if text in link.text}
        assert len(found) == 1, (text, found, [link.text for link in self.links])
        return found.pop()

    def has_link(self, text: str) -> bool:
        return any(text in link.text for link in self.links)

    def form(self, action: str, *, button: str | None = None) -> Form:
        """The form with this action; with `button`, the one that has such a button."""
        sent = [form for form in self.forms if form.action == action and form.method != "dialog"]
        found = [form for form in sent if button is None or button in form.buttons]
        assert len(found) == 1, (action, button, self.forms)
        return found[0]

    def actions(self) -> set[str]:
        return {form.action for form in self.forms if form.method == "post"}

    def listed(self) -> list[str]:
        """The ids of the orders that the rows link to, in their order."""
        paths = [link.href.partition("?")[0] for link in self.links if "o-id" in (link.attributes.get("class") or "")]
        return [path.removeprefix("/dashboard/orders/").rstrip("/") for path in paths]


def get_page(browser: Client, url: str, *, status: int = 200, follow: bool = False) -> Page:
    response = browser.get(url, follow=follow, headers={"Accept": "text/html"})
    assert response.status_code == status, (response.status_code, response.content[:2000])
    return Page(response)


def submit(browser: Client, form: Form, button: str | None = None, **changes: object) -> HttpResponse:
    """Submit the form with this button, as a browser does, and with these fields changed."""
    return browser.post(form.action, form.data(button, **changes), headers={"Accept": "text/html"})

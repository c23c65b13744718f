"""What no page may do in any test."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

INLINE = "'unsafe-inline'"


class Watch:
    """Collects problems of pages. A test ignores those that it has provoked."""

    def __init__(self, site: str) -> None:
        self.host = urlsplit(site).netloc
        self.problems: list[str] = []
        self._documents: set[str] = set()

    def follow(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", self._error)
        page.on("request", self._request)
        page.on("response", self._response)

    def leave(self, page: Page) -> None:
        page.remove_listener("console", self._console)
        page.remove_listener("pageerror", self._error)
        page.remove_listener("request", self._request)
        page.remove_listener("response", self._response)

    def ignore(self, words: str) -> None:
        """Drop the problems that contain this text."""
        self.problems = [complaint for complaint in self.problems if words not in complaint]

    def _error(self, error: Error) -> None:
        self.problems.append(error.stack or error.message)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium also logs an error status of the page itself, which some tests expect.
        is_own_status = "the server responded with a status of" in message.text
        if is_own_status and message.location["url"] in self._documents:
            return
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.location['url']}: {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob", "about") and url.netloc != self.host:
            self.problems.append(f"{request.url} is on another host")
        if request.is_navigation_request():
            self._documents.add(request.url)

    def _response(self, response: Response) -> None:
        if not response.headers.get("content-type", "").startswith("text/html"):
            return
        directives = dict(
            part.strip().partition(" ")[::2] for part in response.headers.get("content-security-policy", "").split(";")
        )
        scripts = directives.get("script-src", INLINE)
        if INLINE in scripts or "http" in scripts or directives.get("object-src") != "'none'":
            self.problems.append(f"{response.url} may run what it should not: {directives}")

"""`make messages`: extracts the texts for translation into locale/, and compiles the translations.

Uses Babel, and so needs no GNU gettext. The compiled files are in the repository, because neither `make run` nor Lambda
has Babel.
"""

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PROJECT = Path(__file__).resolve().parent.parent
LOCALE = PROJECT / "locale"
LANGUAGES = ("de",)
PACKAGES = ("accounts", "orders", "ordersite")
KEYWORDS = {
    "Message": None,
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}

Message = str | tuple[str, ...]


class StableCatalog(Catalog):
    """A catalogue whose header depends on the language only, so that a run without a new text changes no file."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]


def main() -> None:
    template = extracted()
    for language in LANGUAGES:
        catalog = updated(language, template)
        path(language, "po").write_bytes(po_bytes(catalog))
        path(language, "mo").write_bytes(mo_bytes(catalog))
        missing = [message.id for message in catalog if message.id and not is_translated(message.string)]
        print(f"{language}: {len(catalog)} texts, {len(missing)} not translated")
        for text in missing:
            print(f"  {text!r}", file=sys.stderr)


def updated(language: str, template: Catalog) -> Catalog:
    """The texts of the template with their translations so far. Texts that the code no longer has are dropped."""
    before = read(language)
    catalog = StableCatalog(language, domain="django", header_comment=before.header_comment, fuzzy=False)
    for message in template:
        if message.id:
            known = before.get(message.id, message.context)
            string = known.string if known and type(known.id) is type(message.id) else None
            comments = known.user_comments if known else ()
            catalog.add(message.id, string, message.locations, context=message.context, user_comments=comments)
    return catalog


def path(language: str, suffix: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django.{suffix}"


def extracted() -> Catalog:
    """Every text that the code and the templates mark for translation."""
    catalog = Catalog(charset="utf-8")
    for file in sources():
        for line, message, context in _texts(file):
            name = str(file.relative_to(PROJECT))
            catalog.add(message, locations=[(name, line)], context=context)
    return catalog


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((PROJECT / package).rglob("*.py"))
    yield from sorted((PROJECT / "templates").rglob("*.html"))
    yield PROJECT / "local" / "library_messages.py"


def _texts(file: Path) -> Iterator[tuple[int, Message, str | None]]:
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".html":
        source = _calls_of(source)
    for line, message, _comments, context in extract.extract("python", BytesIO(source.encode()), KEYWORDS):
        yield line, message, context


def _calls_of(template: str) -> str:
    """The template's texts as calls of gettext, on the lines that they have in the template.

    Django's templatize writes such calls among the remains of the markup, which no Python parser can read.
    """
    lines = templatize(template).splitlines()
    return "\n".join("; ".join(_calls_in(line)) for line in lines)


def _calls_in(line: str) -> Iterator[str]:
    """The calls of gettext in the line. Each ends at the first parenthesis that makes it a valid expression."""
    start = 0
    while (found := extract_call(line, start)) is not None:
        call, start = found
        yield call


def extract_call(line: str, start: int) -> tuple[str, int] | None:
    begins = [at for name in KEYWORDS if (at := line.find(f" {name}(", start)) >= 0]
    if not begins:
        return None
    begin = min(begins) + 1
    end = line.index(")", begin) + 1
    while not _is_expression(line[begin:end]):
        end = line.index(")", end) + 1
    return line[begin:end], end


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def read(language: str) -> Catalog:
    with path(language, "po").open("rb") as file:
        return read_po(file, locale=language, domain="django")


def po_bytes(catalog: Catalog) -> bytes:
    """Without line numbers, which would change with every edit of the code."""
    for message in catalog:
        message.locations = [(name, 0) for name, _line in message.locations]
    output = BytesIO()
    write_po(output, catalog, width=120, omit_header=False, include_lineno=False, sort_output=True)
    return output.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    output = BytesIO()
    write_mo(output, catalog)
    return output.getvalue()


def is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) and (isinstance(string, str) or all(string or ()))


if __name__ == "__main__":
    main()

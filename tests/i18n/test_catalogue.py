"""The German catalogue is complete. `make messages` updates it after a text has changed."""

import re
import shutil

import pytest
from django.utils import translation
from django.utils.translation import ngettext

from local import messages

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+>")
GERMAN = {"Accept": "text/html", "Accept-Language": "de"}
CATALOGUE = messages.read("de")
ENTRIES = [message for message in CATALOGUE if message.id]


def texts(value):
    return [value] if isinstance(value, str) else list(value)


def test_every_text_is_in_the_catalogue():
    marked = {(message.id, message.context) for message in messages.extracted() if message.id}
    assert {(message.id, message.context) for message in ENTRIES} == marked


def test_every_text_is_translated():
    assert [message.id for message in ENTRIES if message.fuzzy or not messages.is_translated(message.string)] == []


@pytest.mark.parametrize("message", ENTRIES, ids=lambda message: texts(message.id)[0][:40])
def test_a_translation_has_the_same_placeholders(message):
    expected = sorted(PLACEHOLDER.findall(texts(message.id)[-1]))
    for text in texts(message.string):
        assert sorted(PLACEHOLDER.findall(text)) == expected


def test_the_compiled_file_matches_the_catalogue():
    catalog = messages.updated("de", messages.extracted())
    assert messages.path("de", "mo").read_bytes() == messages.mo_bytes(catalog)


def test_a_second_run_changes_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "LOCALE", shutil.copytree(messages.LOCALE, tmp_path / "locale"))
    messages.main()
    first = {suffix: messages.path("de", suffix).read_bytes() for suffix in ("po", "mo")}
    messages.main()
    assert {suffix: messages.path("de", suffix).read_bytes() for suffix in ("po", "mo")} == first


def test_the_header_has_no_dates_and_no_placeholders():
    header = messages.path("de", "po").read_text(encoding="utf-8").partition("\n\n")[0]
    names = re.findall(r'^"([\w-]+):', header, re.MULTILINE)
    assert names == ["Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


@pytest.mark.parametrize(("count", "text"), [(0, "0 Bestellungen"), (1, "1 Bestellung"), (2, "2 Bestellungen")])
def test_german_has_a_plural(count, text):
    with translation.override("de"):
        assert ngettext("Cancel %d order", "Cancel %d orders", count) % count == f"{text} stornieren"


def test_the_pages_are_in_german(anna, api):
    order = api.place()
    listed = anna.get("/dashboard/", headers=GERMAN).content.decode()
    shown = anna.get(f"/dashboard/orders/{order['order_id']}/", headers=GERMAN).content.decode()
    preview = anna.post(
        "/dashboard/bulk/preview/", {"action": "cancel", "id": order["order_id"]}, headers=GERMAN
    ).content.decode()
    assert "Neue Bestellung" in listed
    assert "<span>Ausstehend</span>" in listed  # a tab
    assert "Ausstehend" in shown
    assert "Bestellung stornieren" in shown
    assert "1 Bestellung stornieren?" in preview

"""The benchmark of the staff pages, with one request to each page."""

import json
from importlib import import_module

import pytest

from orders import dynamodb


@pytest.fixture
def staff_pages(engine):
    """Imported when the engine runs, because the baseline creates its client when it is imported."""
    return import_module("benchmarks.staff_pages")


@pytest.fixture
def rows(staff_pages, db, settings, monkeypatch):
    settings.ALLOWED_HOSTS = [staff_pages.HOST]
    monkeypatch.setattr(staff_pages, "WARM_UP", 0)
    monkeypatch.setattr(staff_pages, "TIMED", 1)
    yield staff_pages.measure(orders=200, report=lambda _: None)
    for name in ("Small", "Large"):
        dynamodb.connection().connection.client.delete_table(TableName=name)


def test_each_page_is_measured_with_both_tables(staff_pages, rows, capsys):
    costs = {row.name: row for row in rows}
    assert costs["list"].small.calls == costs["list"].large.calls == 1
    assert costs["overview"].small.rcu == 0
    assert all(row.large.kilobytes > row.large.gzipped > 0 for row in rows)
    assert all(row.large.milliseconds > 0 for row in rows)

    staff_pages.show(rows, orders=200)
    shown = capsys.readouterr().out
    assert "Staff pages: 100 orders in the table | 200 orders" in shown
    assert all(row.name in shown for row in rows)
    assert [row["name"] for row in json.loads(staff_pages.as_json(rows))] == list(costs)

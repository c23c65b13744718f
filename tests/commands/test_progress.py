"""Progress is shown only on a terminal."""

import io
import sys

import pytest

from orders.management.progress import bar, counter


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def output_to(monkeypatch):
    """Runs both kinds of progress with this stream as standard error and returns what was written to it."""

    def output_to(stream):
        monkeypatch.setenv("TERM", "xterm")
        # In the test itself, because pytest replaces the stream after the fixtures.
        monkeypatch.setattr(sys, "stderr", stream)
        with counter("Orders examined", total=lambda: 2_000) as show:
            show(1_234)
        assert list(bar(iter("abc"), "Seeding", total=3)) == ["a", "b", "c"]
        return stream.getvalue()

    return output_to


def test_a_counter_and_a_bar_are_shown_on_a_terminal(output_to):
    written = output_to(Terminal())
    assert "Orders examined: 1,234 of 2,000" in written
    assert "Seeding" in written


def test_nothing_is_written_if_the_output_is_not_a_terminal(output_to):
    assert not output_to(io.StringIO())

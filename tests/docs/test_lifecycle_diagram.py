"""The state diagram in docs/lifecycle.md shows exactly the rules of orders.lifecycle."""

import re
from pathlib import Path

from django.conf import settings

from orders.lifecycle import INITIAL, TRANSITIONS, Status, is_terminal

PAGE = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()
DIAGRAM = re.search(r"```mermaid\nstateDiagram-v2\n(.*?)```", PAGE, re.DOTALL)[1]
ARROWS = [re.fullmatch(r" +(\S+) --> (\w+|\[\*\])(?:: (.+))?", line).groups() for line in DIAGRAM.splitlines()]


def test_the_diagram_shows_each_transition_that_a_caller_may_make():
    shown = {(source, target) for source, target, label in ARROWS if "[*]" not in (source, target) and not label}
    assert shown == {(source, target) for source, targets in TRANSITIONS.items() for target in targets}


def test_the_diagram_shows_that_only_the_sweep_expires_pending_orders_at_the_default_age():
    labelled = [(source, target, label) for source, target, label in ARROWS if label]
    assert labelled == [(Status.PENDING, Status.EXPIRED, f"the sweep, after {settings.ORDERS_EXPIRY_HOURS} h")]


def test_the_diagram_shows_the_initial_and_the_final_statuses():
    assert [target for source, target, _ in ARROWS if source == "[*]"] == [INITIAL]
    assert {source for source, target, _ in ARROWS if target == "[*]"} == {s for s in Status if is_terminal(s)}

"""Messages are English for programs, and pages can translate them."""

import copy
import json
import pickle

import orjson
import pytest

from orders.message import Message

GERMAN = {
    "%(name)s is %(found)s, not %(expected)s.": "%(name)s: %(found)s; erwartet: %(expected)s.",
    "text": "Text",
    "a number": "eine Zahl",
    "100 % sure": "100 % sicher",
}
REASON = Message("%(name)s is %(found)s, not %(expected)s.", name="quantity", found=Message("text"), expected="5 %")
ENGLISH = "quantity is text, not 5 %."


def test_a_message_is_an_english_string():
    assert REASON == ENGLISH
    assert f"{REASON}" == ENGLISH
    assert hash(REASON) == hash(ENGLISH)


def test_json_contains_the_english_text():
    assert json.loads(orjson.dumps({"reasons": (REASON,)})) == {"reasons": [ENGLISH]}
    assert json.loads(json.dumps([REASON])) == [ENGLISH]


def test_the_template_and_the_messages_in_it_are_translated():
    assert REASON.translated(GERMAN.__getitem__) == "quantity: Text; erwartet: 5 %."


def test_a_message_without_values_may_contain_a_percent_sign():
    message = Message("100 % sure")
    assert message == "100 % sure"
    assert message.translated(GERMAN.__getitem__) == "100 % sicher"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda message: pickle.loads(pickle.dumps(message))])  # noqa: S301
def test_a_copy_can_be_translated_too(duplicate):
    assert duplicate(REASON).translated(GERMAN.__getitem__) == REASON.translated(GERMAN.__getitem__)

# ruff: noqa: RUF001 (characters that look alike are under test)
"""What a text may contain, which e-mail addresses are equal, and which texts are whole numbers."""

import re
import sys
import unicodedata
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import text

EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1)]

# Arabic and Kaithi number signs and similar characters, which are visible although their category is "format".
VISIBLE_FORMAT_CHARACTERS = {
    *(chr(code) for code in range(0x600, 0x606)),
    *(chr(code) for code in (0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)),
}

ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

VISIBLE = [
    "Teapot",
    "Teekanne ☕ für Zoë",
    "e\u0301 is not \u00e9",
    "やかん\u3000青",
    "إبريق الشاي",
    "می\u200cخواهم",
    "USB\u200cها",
    "क्\u200dष और क्\u200cष",
    "👩\u200d👩\u200d👧\u200d👦🫖",
    "❤️\u200d🔥",
    "1️⃣",
    ENGLAND,
    f"Flag {ENGLAND} 60\xa0×\xa090",
    "葛\U000e0100飾",
    "\u2813\u2811\u2800\u2813",
    "\U0001fae9 and other emoji newer than this Python",
    "tea\ufffdpot",
]

HIDDEN = [
    ("zed\u200b", "invisible character ZERO WIDTH SPACE (U+200B)", 4),
    ("Baum\u00adwolle", "invisible character SOFT HYPHEN (U+00AD)", 5),
    ("\ufeffTeapot", "invisible character ZERO WIDTH NO-BREAK SPACE (U+FEFF)", 1),
    ("Tea\u202etop", "invisible character RIGHT-TO-LEFT OVERRIDE (U+202E)", 4),
    ("Tea\u2067pot", "invisible character RIGHT-TO-LEFT ISOLATE (U+2067)", 4),
    ("Tea\u200fpot", "invisible character RIGHT-TO-LEFT MARK (U+200F)", 4),
    ("Tea\npot", "control character LINE FEED (U+000A)", 4),
    ("Tea \tpot", "control character TAB (U+0009)", 5),
    ("Tea\x00pot", "control character NULL (U+0000)", 4),
    ("Tea\x01pot", "control character U+0001", 4),
    ("Tea\u2028pot", "invisible character LINE SEPARATOR (U+2028)", 4),
    ("Tea\u3164pot", "invisible character HANGUL FILLER (U+3164)", 4),
    ("Tea\ue000pot", "private-use character U+E000", 4),
    ("Tea\ud800pot", "incomplete character U+D800", 4),
    ("Tea\ufdd0pot", "invisible character U+FDD0", 4),
    ("Tea\U000e0041pot", "invisible character TAG LATIN CAPITAL LETTER A (U+E0041)", 4),
    ("🏴\U000e0067", "invisible character TAG LATIN SMALL LETTER G (U+E0067)", 2),
    ("Tea\u200d pot", "invisible character ZERO WIDTH JOINER (U+200D)", 4),
    ("\u200cTeapot", "invisible character ZERO WIDTH NON-JOINER (U+200C)", 1),
    ("a\u200d\u200db", "invisible character ZERO WIDTH JOINER (U+200D)", 2),
    ("\ufe0fTeapot", "invisible character VARIATION SELECTOR-16 (U+FE0F)", 1),
]


@pytest.mark.parametrize("sample", VISIBLE)
def test_a_text_in_any_script_is_accepted(sample):
    assert text.hidden_character(sample) is None
    assert re.search(text.TEXT_PATTERN, sample)


@pytest.mark.parametrize(("sample", "name", "position"), HIDDEN)
def test_a_hidden_character_is_reported_with_its_name_and_position(sample, name, position):
    hidden = text.hidden_character(sample)
    assert (hidden.character, hidden.position) == (sample[position - 1], position)
    assert hidden.message == f"This contains the {name} at position {position}. Remove it."


def test_every_control_format_and_separator_character_of_unicode_is_refused():
    refused = {"Cc", "Cf", "Zl", "Zp", "Co", "Cs"}
    allowed = VISIBLE_FORMAT_CHARACTERS | set("\u200c\u200d")
    missed = [
        character
        for character in EVERY_CHARACTER
        if unicodedata.category(character) in refused
        and character not in allowed
        and text.hidden_character(f"a{character}b") is None
    ]
    assert missed == []


def test_only_invisible_characters_of_other_categories_are_refused():
    others = (c for c in EVERY_CHARACTER if unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn"})
    assert {c for c in others if text.hidden_character(f"a{c}b")} == set("\u115f\u1160\u3164\uffa0")


@pytest.mark.parametrize(
    "empty", ["", " ", "\u200b", " \u200b\t", "\u3164", "\u2800", "\ufeff\u00ad", "\u202e", "\ufe0f"]
)
def test_a_text_without_a_visible_character_is_empty(empty):
    assert text.trimmed(empty) == ""
    assert not re.search(text.TEXT_PATTERN, empty)


def test_trimming_removes_blanks_but_not_hidden_characters():
    assert text.trimmed(" \u2800\n\u3000Teapot\t\x1c") == "Teapot"
    assert text.trimmed(" Teapot\u200b ") == "Teapot\u200b"


def test_the_blanks_are_those_of_python_and_the_blank_braille_cell():
    assert set(text.BLANKS) == {c for c in EVERY_CHARACTER if c.isspace()} | {"\u2800"}


ALPHABET = (
    "aé日 \t\n\x1c\x00\xad\u200b\u200c\u200d\u202e\u2028\u2800\u3164\ufe0f\ue000👩🏴\U000e0067\U000e007f\U000f0000"
)


@given(st.text(ALPHABET))
def test_the_schema_pattern_accepts_the_same_texts_as_the_function(sample):
    stripped = text.trimmed(sample)
    assert bool(re.search(text.TEXT_PATTERN, sample)) == bool(stripped and text.hidden_character(stripped) is None)


@given(st.text(ALPHABET))
def test_a_stored_text_is_split_at_each_hidden_character(sample):
    pieces = list(text.pieces(sample))
    assert "".join(piece for piece, _ in pieces) == sample
    assert all(len(piece) == 1 for piece, is_hidden in pieces if is_hidden)
    assert not set("\u200b\u202e\u2028\x00\U000f0000") & set(
        "".join(piece for piece, is_hidden in pieces if not is_hidden)
    )


@pytest.mark.parametrize(
    "sample",
    [
        "a" * 60_000,
        "a " * 30_000,
        f"a{' ' * 60_000}\nb",
        "\u200d" * 60_000,
        "a\u200d" * 30_000,
        "🏴\U000e0067" * 30_000,
    ],
)
def test_the_longest_body_is_scanned_in_linear_time(sample):
    """Quadratic time would be minutes."""
    started_at = perf_counter()
    text.hidden_character(text.trimmed(sample))
    text.hidden_in_email(sample)
    text.canonical_email(sample)
    re.search(text.TEXT_PATTERN, sample)
    list(text.pieces(sample))
    assert perf_counter() - started_at < 20


# --- E-mail addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        "inf@xn--bcher-kva.example",
        "inf@bücher.example",
        "INF@BÜCHER.Example",
        "inf@bu\u0308cher.example",
        "Inf@XN--Bcher-KVA.example",
        " inf@bücher.example\n",
        "inf@bücher\uff0eexample",
        "inf@bücher.example\u200b",
        "inf@b\u00adücher.example",
    ],
)
def test_all_spellings_of_an_address_have_the_same_canonical_form(spelling):
    assert text.canonical_email(spelling) == "inf@xn--bcher-kva.example"
    canonical, *others = text.email_spellings(spelling)
    assert canonical == "inf@xn--bcher-kva.example"
    assert others[:2] == ["inf@bücher.example", "inf@bu\u0308cher.example"]
    assert set(others[2:]) <= {spelling.strip().lower()}


@pytest.mark.parametrize(
    ("email", "spellings"),
    [
        (" Zoe@Example.COM", ("zoe@example.com",)),
        ("Zoe@Ｅxample.com", ("zoe@example.com", "zoe@ｅxample.com")),
        ("zoe@example.com\u200b", ("zoe@example.com", "zoe@example.com\u200b")),
        ("zoe@xn--0.example", ("zoe@xn--0.example",)),  # "0" encodes no text
        ("", ("",)),
    ],
)
def test_the_spellings_include_the_address_as_typed(email, spellings):
    assert text.email_spellings(email) == spellings


@pytest.mark.parametrize(
    ("email", "canonical"),
    [
        ("Zoe@Example.COM", "zoe@example.com"),
        ("zoe@ab--cd.example", "zoe@ab--cd.example"),
        ("zoe@straße.example", "zoe@xn--strae-oqa.example"),
        ("straße@strasse.example", "straße@strasse.example"),
        ("Zoe@I❤.example", "zoe@i❤.example"),
        ("zoe@xn--i-7iq.ws", "zoe@xn--i-7iq.ws"),
        ('"a@b"@Example.com', '"a@b"@example.com'),
        ("No Address", "no address"),
        ("", ""),
        (" \u200b", ""),
    ],
)
def test_every_text_has_a_canonical_form(email, canonical):
    assert text.canonical_email(email) == canonical
    assert text.canonical_email(canonical) == canonical


@given(st.text())
def test_the_canonical_form_is_stable_and_is_the_first_spelling(email):
    canonical = text.canonical_email(email)
    assert text.canonical_email(canonical) == canonical
    assert text.email_spellings(email)[0] == canonical


@pytest.mark.parametrize("email", ["zoe@example.com", "zoe@ab--cd.example", "zoe@bücher.example", "zoe@straße.example"])
def test_a_domain_with_an_ascii_form_is_valid(email):
    assert text.has_valid_domain(email)


@pytest.mark.parametrize("email", ["zoe@i❤.example", "zoe@bü..example", "zoe@ü_.example", f"zoe@{'ü' * 64}.example"])
def test_a_domain_without_an_ascii_form_is_not_valid(email):
    assert not text.has_valid_domain(email)


@pytest.mark.parametrize(
    ("email", "position"),
    [
        ("zed@shop.example\u200b", 17),
        ("z\u200ded@shop.example", 2),
        ("zed@shop\ufe0f.example", 9),
        ("z\xa0ed@shop.example", 2),
    ],
)
def test_any_hidden_character_in_an_address_is_found(email, position):
    assert text.hidden_in_email(email).position == position


# --- Whole numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("digits", "number"), [("0", 0), ("1000", 1000), ("0012", 12), ("9" * 40, int("9" * 40))])
def test_digits_are_read_as_a_whole_number(digits, number):
    assert text.read_whole_number(digits) == number


@pytest.mark.parametrize(
    "other",
    ["", "1.000", "2.0", "1_000", "1,000", "1 000", "+4", "-4", "٣", "４", "²", "1e3", "0x10", "4\n", "9" * 5000],
)
def test_any_other_number_format_is_refused_with_advice(other):
    with pytest.raises(ValueError, match=r"^Write a whole number without separators, such as 1000\.$"):
        text.read_whole_number(other)

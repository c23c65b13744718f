"""What a text may contain, how e-mail addresses are compared, and how whole numbers are written.

The API, the dashboard, the search and the commands share these rules. Uses the standard library and `idna` only.

The patterns have the same meaning in Python, JSON Schema (ECMA-262 with the `u` flag) and Rust: they have no
look-around, and characters beyond U+FFFF are written literally.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from orders.message import Message

BLANKS = "".join(
    chr(code)
    for span in (
        range(0x09, 0x0E),
        range(0x1C, 0x21),
        (0x85, 0xA0, 0x1680),
        range(0x2000, 0x200B),
        (0x2028, 0x2029, 0x202F, 0x205F, 0x2800, 0x3000),
    )
    for code in span
)
"""The characters stripped from both ends of a text: those that `str.strip` removes, and the blank Braille cell."""

_BLANKS = r"\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
_SPACES = r"\x20\xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"
"""The blanks allowed inside a text: all except control characters and line and paragraph separators."""

# Unicode's categories Cc, Cf, Zl, Zp and Co, its noncharacters and the rest of Default_Ignorable_Code_Point
# (https://www.unicode.org/reports/tr44/), without the characters listed below. They are written out so that the rule
# does not depend on Python's Unicode version: characters added to Unicode later, such as new emoji, are accepted.
_HIDDEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ue000-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "\U000f0000-\U0010ffff"
) + "".join(f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0xF0000, 0x10000))

# Persian and several Indic scripts need these inside words, and emoji sequences are joined with them.
_JOINERS = r"\u200c\u200d"
# These change the preceding character: the style of an emoji, the form of an ideograph or of a Mongolian letter.
_MODIFIERS = r"\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f" + "\U000e0100-\U000e01ef"
# The flags of England, Scotland, Wales and other regions are a black flag followed by invisible letters.
_REGIONAL_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"


def _pattern(hidden: str) -> str:
    """A pattern for visible characters, with blanks or one joiner between them."""
    visible = f"(?:{_REGIONAL_FLAG}|[^{hidden}{_JOINERS}{_MODIFIERS}{_SPACES}])[{_MODIFIERS}]*"
    return f"{visible}(?:(?:[{_JOINERS}]|[{_SPACES}]+)?{visible})*"


TEXT_PATTERN = f"^[{_BLANKS}]*{_pattern(_HIDDEN)}[{_BLANKS}]*$"
"""Matches a text that is not blank and contains no `hidden_character`, for JSON Schema's `pattern`."""

# Lone surrogates are not in the patterns above: JSON cannot contain one literally, and some regex engines reject them.
_HIDDEN_OR_SURROGATE = _HIDDEN + r"\ud800-\udfff"
_VISIBLE_RUN = re.compile(f"[{_BLANKS}]*(?:{_pattern(_HIDDEN_OR_SURROGATE)})?")
_VISIBLE = re.compile(f"[^{_HIDDEN_OR_SURROGATE}{_JOINERS}{_MODIFIERS}{_BLANKS}]")
_HIDDEN_IN_EMAIL = re.compile(f"[{_HIDDEN_OR_SURROGATE}{_JOINERS}{_MODIFIERS}]|(?! )[{_SPACES}]")

_SHOWN_AS_CODE = re.compile(rf"{_REGIONAL_FLAG}|((?![\t\n\r])[{_HIDDEN_OR_SURROGATE}])")

_INNER_BLANKS = "".join(blank for blank in BLANKS if unicodedata.category(blank) in ("Zs", "So"))

_CONTROL_NAMES = {0x00: "NULL", 0x09: "TAB", 0x0A: "LINE FEED", 0x0D: "CARRIAGE RETURN", 0x1B: "ESCAPE", 0x7F: "DELETE"}

INVALID_DOMAIN_MESSAGE = Message("The part after the @ is not a valid domain name. Check its spelling.")
WHOLE_NUMBER_MESSAGE = Message("Write a whole number without separators, such as 1000.")


class Hidden(NamedTuple):
    """An invisible character and its position, counted from 1."""

    character: str
    position: int

    @property
    def message(self) -> Message:
        return Message(
            "This contains the %(character)s at position %(position)d. Remove it.",
            character=describe_character(self.character),
            position=self.position,
        )


def describe_character(character: str) -> Message:
    """`invisible character ZERO WIDTH SPACE (U+200B)`."""
    code, name = code_point(character), unicodedata.name(character, None) or _CONTROL_NAMES.get(ord(character))
    full = f"{name} ({code})" if name else code
    match unicodedata.category(character):
        case "Cc":
            return Message("control character %(name)s", name=full)
        case "Co":
            return Message("private-use character %(name)s", name=full)
        case "Cs":
            return Message("incomplete character %(name)s", name=full)
    return Message("invisible character %(name)s", name=full)


def code_point(character: str) -> str:
    """`U+200B`."""
    return f"U+{ord(character):04X}"


# --- Texts ------------------------------------------------------------------------------------------------------------


def trimmed(text: str) -> str:
    """The text without leading and trailing blanks; "" if it has no visible character, such as U+200B alone."""
    return text.strip(BLANKS) if _VISIBLE.search(text) else ""


def hidden_character(text: str) -> Hidden | None:
    """The first invisible character of an item or a name, or None.

    Invisible are control characters (including line breaks), format characters, text-direction marks and overrides,
    and private-use characters. Characters that a script or an emoji needs are allowed: U+200C and U+200D between two
    visible characters, variation selectors after one, and the tags of a regional flag.
    """
    match = _VISIBLE_RUN.match(text)
    end = match.end() if match else 0
    rest = text[end:]
    if not rest.strip(BLANKS):
        return None
    position = end + len(rest) - len(rest.lstrip(_INNER_BLANKS))
    return Hidden(text[position], position + 1)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text split into visible parts and single hidden characters (True), to display stored texts.

    Tabs and line breaks count as visible.
    """
    end = 0
    for match in _SHOWN_AS_CODE.finditer(text):
        if match[1]:
            yield text[end : match.start()], False
            yield match[1], True
            end = match.end()
    yield text[end:], False


def visible(text: str) -> str:
    """The text with each hidden character replaced by its code, such as U+202E, to display stored texts."""
    return "".join(code_point(piece) if is_hidden else piece for piece, is_hidden in pieces(text))


# --- E-mail addresses -------------------------------------------------------------------------------------------------


def tidy_email(email: str) -> str:
    """The address as it is stored: trimmed and with composed letters (NFC), otherwise as typed."""
    return unicodedata.normalize("NFC", trimmed(email))


def hidden_in_email(email: str) -> Hidden | None:
    """The first invisible character of an e-mail address, or None. No script needs them in an address."""
    match = _HIDDEN_IN_EMAIL.search(email)
    return Hidden(match[0], match.start() + 1) if match else None


def has_valid_domain(email: str) -> bool:
    """Whether the domain is ASCII or IDNA 2008 can encode it as ASCII (RFC 5891, mapped by UTS 46)."""
    domain = email.rpartition("@")[2]
    return domain.isascii() or _to_ascii(domain) is not None


def canonical_email(email: str) -> str:
    """The same text for all spellings of an address: NFC, lower case, the domain in ASCII (`xn--…`).

    Case folding is not used, because it would merge the mailboxes `ß` and `ss`. Accepts any text: invisible characters,
    which stored addresses may contain, are removed, and a domain that IDNA refuses is only lowercased.
    """
    local, at, domain = unicodedata.normalize("NFC", trimmed(_HIDDEN_IN_EMAIL.sub("", email))).lower().rpartition("@")
    return f"{local}{at}{domain if domain.isascii() else _to_ascii(domain) or domain}"


def email_spellings(email: str) -> tuple[str, ...]:
    """The canonical form, the spellings of an international domain in its own script, and the lowercased text.

    Orders placed before the canonical form was introduced are stored under one of these. Most addresses have only one.
    """
    canonical = canonical_email(email)
    spellings = [canonical]
    local, at, domain = canonical.rpartition("@")
    if "xn--" in domain and (readable := _to_unicode(domain)) is not None:
        spellings += [f"{local}{at}{unicodedata.normalize(form, readable)}" for form in ("NFC", "NFD")]
    return tuple(dict.fromkeys([*spellings, trimmed(email).lower()]))


def _to_ascii(domain: str) -> str | None:
    import idna  # noqa: PLC0415 (it slows down a cold start, and few domains need it)

    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return None


def _to_unicode(domain: str) -> str | None:
    import idna  # noqa: PLC0415

    try:
        return idna.decode(domain)
    except UnicodeError:
        return None


# --- Numbers ----------------------------------------------------------------------------------------------------------


def read_whole_number(text: str) -> int:
    """The number in `text`, which must consist of the digits 0 to 9.

    Raises ValueError, with a message for the user, for a sign, a decimal point, a separator or other digits: `1.000`
    means one thousand in some countries and one in others.
    """
    if not re.fullmatch("[0-9]{1,1000}", text):
        raise ValueError(WHOLE_NUMBER_MESSAGE)
    return int(text)

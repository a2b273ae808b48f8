"""What people see as one letter: counting texts as CRMs do, cutting between letters, showing marks.

Know before changing: Salesforce and HubSpot count UTF-16 code units (an emoji is two), and what
counts fewer is never longer than what is allowed. The borders are those of Unicode's grapheme
clusters (UAX 29) that occur in names and notes: marks, joined emoji, flags, skin tones, Hangul. A
letter with more marks than any script needs is cut all the same, or a flood of them would take the
whole text along.

It knows no field and no CRM.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

MOST_MARKS = 8  # on one letter; more is a flood that covers the lines around it
_FURTHEST = 64  # code points that one letter may take before it is cut in two
_JOINER = "\u200d"
_LINK = 9  # combining class of the sign that joins two consonants of Indian scripts
_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
INVISIBLE = re.compile(
    rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_TURNING}\u200b\u2028\u2029\u2060-\u206f\ufeff"
    r"\ufff9-\ufffb\ud800-\udfff\U000e0001]"
)
"""Control characters but tab and line ends, marks that turn the writing round or show nothing."""
_DANGEROUS = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNING}\u2028\u2029\ud800-\udfff]")


def size(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def cut(text: str, limit: int, ending: str = "...") -> str:
    """Return at most ``limit`` UTF-16 code units of a text, whole letters and the ending."""
    if size(text) <= limit:
        return text
    room = limit - size(ending)
    if room <= 0:
        return ending[: max(limit, 0)]
    return text[: _border(text, _reach(text, room))].rstrip() + ending


def _reach(text: str, room: int) -> int:
    """Return how many code points of a longer text fit into so many code units."""
    for place, char in enumerate(text):
        room -= 1 + (char > "\uffff")
        if room < 0:
            return place
    return len(text)


def _border(text: str, end: int) -> int:
    """Return the last border between letters up to ``end``; the end itself inside a flood."""
    for place in range(end, max(end - _FURTHEST, -1), -1):
        if place == 0 or not _joined(text, place):
            return place
    return end


def _joined(text: str, place: int) -> bool:
    """Return whether the characters before and after a place belong together."""
    before, after = text[place - 1], text[place]
    if after < "\u0300":
        return False
    mark = unicodedata.category(after)[0] == "M" or _extends(ord(after))
    if mark or _JOINER in (before, after) or unicodedata.combining(before) == _LINK:
        return True
    if _is_flag(after) and _is_flag(before):
        first = place
        while first > 0 and _is_flag(text[first - 1]) and place - first < _FURTHEST:
            first -= 1
        return (place - first) % 2 == 1
    return _is_syllable(before) and 0x1160 <= ord(after) <= 0x11FF


def _extends(code: int) -> bool:
    return 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_syllable(char: str) -> bool:
    return "\u1100" <= char <= "\u11ff" or "\uac00" <= char <= "\ud7a3"


def calm(text: str) -> str:
    """Return a text in which no letter has more marks than any script needs."""
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char)[0] == "M" else 0
        if marks <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def shown(text: str) -> str:
    r"""Return a text as a terminal may get it: what could steer it stands there as ``\u001b``.

    Tabs and line ends stay. JSON stays the same JSON, because there such a character can only stand
    within a text, where this is its escape.
    """
    return _DANGEROUS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def encodable(text: str, encoding: str) -> str:
    r"""Return a text in which characters that an encoding lacks stand as ``\u20ac``."""
    return text.encode(encoding, "crmrules.number").decode(encoding)


def _number(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end


codecs.register_error("crmrules.number", _number)

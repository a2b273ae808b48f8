"""Salesforce record ids: 15 case-sensitive characters plus 3 that make them case-safe.

An id is ``<3 prefix><3 instance><9 counter>``; the suffix packs which of the first 15 characters
are capital letters, five at a time (Salesforce help, "15 to 18 character ids").
Nothing here keeps a counter: whoever makes records numbers them.
"""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_INSTANCE = "Kb0"
_LONG = 18
_SHORT = 15


def checksum(short: str) -> str:
    """Return the three characters that make a 15-character id case-safe."""
    parts = []
    for start in range(0, _SHORT, 5):
        bits = sum(1 << place for place in range(5) if "A" <= short[start + place] <= "Z")
        parts.append(_SUFFIX[bits])
    return "".join(parts)


def sfid(prefix: str, number: int) -> str:
    """Return the 18-character id of the record with this number under a three-character prefix.

    Ids of one prefix sort like their numbers. Raises ValueError for a prefix that is not three
    characters long and for a negative number or one beyond nine base-62 digits.
    """
    if len(prefix) != 3 or not 0 <= number < 62**9:
        raise ValueError(f"no id for prefix {prefix!r} and number {number}")
    digits = []
    for _ in range(9):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    short = prefix + _INSTANCE + "".join(reversed(digits))
    return short + checksum(short)


def is_sfid(value: object) -> bool:
    """Tell whether the value is an 18-character id with the right suffix."""
    return (
        isinstance(value, str)
        and len(value) == _LONG
        and all(char in _DIGITS for char in value)
        and value[_SHORT:] == checksum(value[:_SHORT])
    )

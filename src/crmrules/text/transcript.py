"""Transcripts: conversations written down word by word, with who spoke.

The form is strict: lines of ``Name: what was said`` (a time or a role in brackets after the name is
allowed), at least ten of them, at least two names, and hardly a line besides. A summary, however
detailed, is no transcript: nobody can count questions in it.

Know before changing: a side is told only by names we know, of our users or of the customer's people
on this opportunity, or by the words Us, Rep, Customer and the like. With two voices one known name
tells both. Whose side is not known is nobody's.

It types no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from crmrules.model import Speaker

TURNS = 10  # fewer lines of speech are an excerpt
_TURN = re.compile(r"([^\W\d_][\w .'-]{0,40}?) ?(?:[(\[][^)\]]{0,20}[)\]])? ?: (\S.*)")
_MOST = 0.9  # share of the lines that must be turns
_SIDES: Mapping[str, Speaker] = {
    **dict.fromkeys(("us", "rep", "seller", "sales rep", "agent", "wir", "vertrieb"), Speaker.US),
    **dict.fromkeys(("customer", "buyer", "client", "prospect", "kunde"), Speaker.CUSTOMER),
}


class Turn(NamedTuple):
    """What one voice said before the next one spoke."""

    voice: str
    words: str


def turns(text: str) -> list[Turn]:
    """Return the turns of a transcript; none where the text is not one."""
    lines = [line for line in text.splitlines() if line.strip()]
    # One space between words: with runs of spaces the expression would try all ways to share them.
    plain = (" ".join(line.split()) for line in lines)
    found = [Turn(m[1].casefold(), m[2]) for line in plain if (m := _TURN.fullmatch(line))]
    enough = len(found) >= TURNS and len(found) >= _MOST * len(lines)
    return found if enough and len({turn.voice for turn in found}) > 1 else []


def sides(
    found: Iterable[Turn], ours: Iterable[str], theirs: Iterable[str]
) -> dict[str, Speaker | None]:
    """Return whose side each voice is on; ``ours`` and ``theirs`` are names of people."""
    us, them = frozenset(_forms(ours)), frozenset(_forms(theirs))
    told: dict[str, Speaker | None] = {}
    for turn in found:
        in_us, in_them = turn.voice in us, turn.voice in them
        side = _SIDES.get(turn.voice)
        if side is None and in_us != in_them:
            side = Speaker.US if in_us else Speaker.CUSTOMER
        told[turn.voice] = side
    return _other_of_two(told)


def _forms(names: Iterable[str]) -> Iterator[str]:
    """Yield full and first names, as a transcript may use either."""
    for name in names:
        words = name.casefold().split()
        if words:
            yield " ".join(words)
            yield words[0]


def _other_of_two(told: dict[str, Speaker | None]) -> dict[str, Speaker | None]:
    known = [side for side in told.values() if side is not None]
    if len(told) == 2 and len(known) == 1:
        other = Speaker.CUSTOMER if known[0] is Speaker.US else Speaker.US
        return {voice: side or other for voice, side in told.items()}
    return told

"""Parsing: finding the tags in a text and handing each entry to its reader.

Know before changing: a tag lives in one row of ``TAGS``; its reader is in ``readers``. A part that
makes no sense is reported and left out; the rest of the line still counts.

It raises nothing, whatever the text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from crmrules.model import Piece, Unread
from crmrules.notes import readers
from crmrules.notes.pieces import Notes
from crmrules.notes.text import (
    entries,
    plain,
    protect,
    take_attributes,
    take_ending,
    take_person,
    unquote,
)

ANSWERS = frozenset({"not-true", "not-useful", "done-otherwise"})  # answers to a task, not facts


@dataclass(frozen=True, slots=True)
class _Tag:
    into: str  # field of Notes
    read: Callable[[readers.Entry], Piece | None]
    example: str
    keys: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()
    parts: bool = False  # words without a key may follow a |
    named: bool = False  # the text is a name: "@" in it does not make another person
    many: bool = False  # a list of names


_CONCERN = _Tag(
    "concerns",
    readers.read_concern,
    "#concern: price | open",
    keys=frozenset({"owner", "by"}),
    endings=frozenset(readers.STATES),
    parts=True,
)
TAGS: dict[str, _Tag] = {
    "need": _Tag(
        "needs",
        readers.read_need,
        "#need: re-keying takes half a day @J. Ortiz impact=40k/quarter",
        frozenset({"impact", "payoff"}),
        frozenset({"implied", "explicit"}),
    ),
    "payoff": _Tag(
        "payoffs", readers.read_payoff, "#payoff: could open the second warehouse @J. Ortiz"
    ),
    "criterion": _Tag(
        "criteria",
        readers.read_criterion,
        "#criterion: go-live under 8 weeks | crucial | us=4 acme=2 | source=customer | hard",
        frozenset({"source", "strategy", "weight", "need", "metric", "proof"}),
        parts=True,
    ),
    "concern": _CONCERN,
    "showstopper": _CONCERN,
    "concession": _Tag(
        "concessions",
        readers.read_concession,
        "#concession: 5% | for=go-live | planned",
        frozenset({"for", "kind", "size"}),
        frozenset(readers.PLANNED),
        parts=True,
    ),
    "range": _Tag("ranges", readers.read_range, "#range: 3-7%", frozenset({"ask"})),
    "sponsor": _Tag("sponsors", readers.read_named, "#sponsor: M. Chen", named=True),
    "power": _Tag("powers", readers.read_named, "#power: CFO A. Ruiz", named=True),
    "comp": _Tag(
        "competitors", readers.read_competitor, "#comp: status quo", named=True, many=True
    ),
    "success": _Tag("successes", readers.read_success, "#success: re-keying 4h/wk -> 0 @J. Ortiz"),
    "reference": _Tag("references", readers.read_reference, "#reference: asked A. Ruiz"),
    "reason": _Tag(
        "reasons",
        readers.read_reason,
        "#reason: budget year moved to April (customer)",
        endings=frozenset({"customer", "confirmed", "from customer"}),
    ),
    "proof": _Tag(
        "proofs",
        readers.read_proof,
        "#proof: reference call with the depot | criterion=go-live",
        frozenset({"criterion"}),
    ),
    "diff": _Tag(
        "differentiators",
        readers.read_differentiator,
        "#diff: runs when the line is down @J. Ortiz | hard",
        frozenset({"metric"}),
        parts=True,
    ),
    "plan": _Tag(
        "plans",
        readers.read_plan,
        "#plan: first depot live in four weeks @J. Ortiz | owner=customer",
        frozenset({"owner"}),
    ),
    "owed": _Tag(
        "owed",
        readers.read_owed,
        "#owed: security questionnaire @J. Ortiz | by=2026-11-30",
        frozenset({"by"}),
        readers.RECEIVED,
    ),
}
"""Tag -> what it makes, in the words of the catalogue."""

_ALIASES = """
needs=need criteria=criterion concerns=concern show-stopper=showstopper pay-off=payoff
concessions=concession competitor=comp competitors=comp competition=comp rival=comp
ref=reference refs=reference references=reference reasons=reason successes=success
champion=sponsor sponsors=sponsor proofs=proof differentiator=diff differentiators=diff
edge=diff plans=plan ranges=range
"""
ALIASES = dict(pair.split("=") for pair in _ALIASES.split())
NO_ALIASES: Mapping[str, str] = MappingProxyType({})


def parse(
    text: str | None,
    *,
    record: str,
    known_at: datetime,
    author: str | None,
    aliases: Mapping[str, str] = NO_ALIASES,
) -> Notes:
    """Return everything a text says in tags; empty for None. Never raises for any text.

    ``record`` and ``known_at`` go onto every piece; ``author`` (id of our user) onto what was not
    readable, because it is the author who can mend it. ``aliases``: the organization's own words
    for tags, in lower case; they win over ours.
    """
    meanings = {**ALIASES, **aliases} if aliases else ALIASES
    found: dict[str, list[Any]] = {name: [] for name in Notes._fields}
    for tag, strong, marked, body, line in entries(protect(text or "")):
        known = meanings.get(tag, tag)
        if known in ANSWERS:
            continue
        unread = Unread(
            record=record, known_at=known_at, author=author, line=line, why="", suggestion=""
        )
        if known not in TAGS:
            found["unread"].extend(_unknown(tag, marked, unread, meanings))
            continue
        base = {"record": record, "known_at": known_at}
        for piece in _texts(TAGS[known], body):
            _read(known, strong, piece, base, found, unread)
    return Notes(*(tuple(found[name]) for name in Notes._fields))


def _texts(tag: _Tag, body: str) -> list[str]:
    return [name for name in re.split("[,;]", body) if name.strip()] or [""] if tag.many else [body]


def _read(
    name: str,
    strong: bool,
    body: str,
    base: dict[str, Any],
    found: dict[str, list[Any]],
    unread: Unread,
) -> None:
    tag = TAGS[name]
    entry = _entry(name, strong, body, base)
    piece = tag.read(entry) if entry.text else None
    if piece is None:
        update = {"why": "nothing readable after the tag", "suggestion": f"Write: {tag.example}"}
        found["unread"].append(unread.model_copy(update=update))
        return
    found[tag.into].append(piece)
    if not tag.parts:
        entry.trouble.extend(f"'{plain(part)}'" for part in entry.parts)
    if entry.trouble:
        why = f"could not read {', '.join(entry.trouble)}"
        update = {"why": why, "suggestion": f"Write: {tag.example}"}
        found["unread"].append(unread.model_copy(update=update))


def _entry(name: str, strong: bool, body: str, base: dict[str, Any]) -> readers.Entry:
    tag = TAGS[name]
    text, *segments = (part.strip() for part in body.split("|"))
    person = None
    if tag.named:
        text = text.lstrip("@")
    else:
        text, person = take_person(text)
    text, attributes = take_attributes(text, tag.keys)
    text, ending = take_ending(text, tag.endings)
    parts = []
    for segment in segments:
        rest, values = take_attributes(segment, tag.keys)
        attributes |= values
        if not tag.named and rest.startswith("@"):
            rest, other = take_person(rest)
            person = person or other
        if rest:
            parts.append(rest)
    return readers.Entry(
        name, strong, unquote(plain(text)), person, parts, attributes, ending, base
    )


@lru_cache(maxsize=256)  # one slip is often there many times, and comparing takes long
def _nearest(tag: str, known: tuple[str, ...]) -> list[str]:
    return difflib.get_close_matches(tag, known, n=1, cutoff=0.72)


def _unknown(tag: str, marked: bool, unread: Unread, meanings: Mapping[str, str]) -> list[Unread]:
    """Leave a hashtag in peace that is nothing like ours and claims nothing by a colon."""
    close = _nearest(tag, (*TAGS, *meanings))
    if not close and not marked:
        return []
    right = meanings.get(close[0], close[0]) if close else None
    suggestion = (
        f"Did you mean #{right}? Write: {TAGS[right].example}"
        if right is not None
        else f"The tags are {', '.join('#' + name for name in TAGS)}."
    )
    return [unread.model_copy(update={"why": f"there is no tag #{tag}", "suggestion": suggestion})]

"""One small reader per tag: from the parts of an entry to a piece.

Know before changing: a reader returns a piece or None, and says through ``Entry.complain`` what it
could not read. A part that makes no sense is left out; the rest of the line still counts.

It raises nothing, whatever the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from crmrules.model import (
    Competitor,
    Concern,
    ConcernState,
    Concession,
    Criterion,
    Differentiator,
    Need,
    Owed,
    Plan,
    Proof,
    Range,
    Reason,
    Reference,
    Success,
)
from crmrules.notes.pieces import Named, Payoff
from crmrules.notes.text import plain, unquote

WEIGHTS = ("crucial", "important", "incidental")
STATES = {
    "open": ConcernState.OPEN,
    "resolved": ConcernState.RESOLVED,
    "closed": ConcernState.RESOLVED,
    "solved": ConcernState.RESOLVED,
    "accepted": ConcernState.RESOLVED,  # they live with it
    "reopened": ConcernState.REOPENED,
    "re-opened": ConcernState.REOPENED,
}
CUSTOMERS = frozenset({"customer", "buyer", "client", "they", "theirs"})
RECEIVED = frozenset({"received", "done", "got it", "dropped"})  # nothing is owed any more
PLANNED = {"planned": True, "plan": True, "given": False, "made": False, "agreed": False}
_SIZE = re.compile(r"(?<![\w.,])([0-9]{1,6}(?:[.,][0-9]{1,4})?)\s?(?:%|percent|points?|pp)(?!\w)")
_NUMBER = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,4})?")
_RANGE = re.compile(
    r"([0-9]{1,3}(?:[.,][0-9]{1,4})?)\s?%?\s{0,3}(?:-|–|—|to|\.\.)\s{0,3}"  # noqa: RUF001 - the dashes that word processors make
    r"([0-9]{1,3}(?:[.,][0-9]{1,4})?)\s?%?"
)
_RATING = re.compile(r"([^=]{1,80}?) ?= ?(\S{1,20})")
_OURS, _THEIRS = frozenset({"us", "ours", "we"}), frozenset({"them", "theirs", "rival"})


@dataclass(slots=True)
class Entry:
    """One entry while it is read; ``parts`` are the segments after the first ``|``."""

    tag: str
    strong: bool
    text: str
    person: str | None
    parts: list[str]
    attributes: dict[str, str]
    ending: str | None
    base: dict[str, Any]
    trouble: list[str] = field(default_factory=list)

    def complain(self, about: str) -> None:
        """Remember a part that could not be read."""
        self.trouble.append(about)


def read_need(entry: Entry) -> Need:
    """Read implied, or explicit with ! or (explicit)."""
    explicit = entry.strong or entry.ending == "explicit"
    impact, payoff = _value(entry, "impact"), _value(entry, "payoff")
    return Need(
        text=entry.text,
        explicit=explicit,
        person=entry.person,
        impact=impact,
        payoff=payoff,
        **entry.base,
    )


def read_criterion(entry: Entry) -> Criterion:
    """Read weight, ratings, source, hard or soft, strategy."""
    values: dict[str, Any] = {}
    for part in entry.parts:
        word = part.casefold()
        if word in WEIGHTS:
            values["weight"] = word
        elif word in {"hard", "soft"}:
            values["hard"] = word == "hard"
        elif "=" in part:
            _ratings(entry, part, values)
        else:
            entry.complain(f"'{plain(part)}'")
    values |= _stated(entry)
    return Criterion(name=entry.text, **entry.base, **values)


def _stated(entry: Entry) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if (source := _value(entry, "source")) is not None:
        values["from_customer"] = source.casefold() in CUSTOMERS
    if (weight := _value(entry, "weight")) is not None:
        if weight.casefold() in WEIGHTS:
            values["weight"] = weight.casefold()
        else:
            entry.complain(f"weight '{weight}'")
    if (strategy := _value(entry, "strategy")) is not None:
        values["strategy"] = strategy
    return values | {key: _value(entry, key) for key in ("need", "metric", "proof")}


def _ratings(entry: Entry, part: str, values: dict[str, Any]) -> None:
    end, part = 0, " ".join(part.split())  # runs of spaces could be shared in too many ways
    for found in _RATING.finditer(part):
        end = found.end()
        who, rating = plain(found[1]), _rating(found[2])
        if rating is None:
            entry.complain(f"rating '{plain(found[0])}' (1 to 5)")
        elif who.casefold() in _OURS:
            values["ours"] = rating
        elif values.get("theirs") is None or rating > values["theirs"]:
            values["theirs"] = rating  # of several rivals the strongest counts
            values["rival"] = None if who.casefold() in _THEIRS else who
    if part[end:].strip():
        entry.complain(f"'{plain(part[end:])}'")


def _rating(text: str) -> float | None:
    found = _NUMBER.fullmatch(text.strip(",;").removesuffix("/5"))
    value = _number(found[0]) if found else 0.0
    return value if 1 <= value <= 5 else None


def read_concern(entry: Entry) -> Concern:
    """Read its state, and whether nothing goes ahead without it."""
    state = ConcernState.OPEN
    for part in entry.parts:
        if part.casefold() in STATES:
            state = STATES[part.casefold()]
        else:
            entry.complain(f"'{plain(part)}'")
    if entry.ending in STATES:
        state = STATES[entry.ending]
    stopper = entry.tag == "showstopper"
    return Concern(
        topic=entry.text,
        state=state,
        person=entry.person,
        showstopper=stopper,
        owner=_value(entry, "owner"),
        due=_value(entry, "by"),
        **entry.base,
    )


def read_concession(entry: Entry) -> Concession:
    """Read its size, kind, what for, planned or given."""
    values: dict[str, Any] = {"planned": None}
    for part in entry.parts:
        if part.casefold() in PLANNED:
            values["planned"] = PLANNED[part.casefold()]
        else:
            entry.complain(f"'{plain(part)}'")
    if entry.ending in PLANNED:
        values["planned"] = PLANNED[entry.ending]
    values |= {"kind": _value(entry, "kind"), "for_what": _value(entry, "for")}
    return Concession(text=entry.text, size=_size(entry), **entry.base, **values)


def stated_size(text: str) -> float | None:
    """Return the percentage a concession's text names, None when it names none or several."""
    found = _SIZE.findall(text)
    return _number(found[0]) if len(found) == 1 else None


def _size(entry: Entry) -> float | None:
    given = _value(entry, "size")
    if given is None:
        return stated_size(entry.text)
    if given.casefold() in {"unknown", "none", "?"}:
        return None
    try:
        return float(given.rstrip("% ").replace(",", "."))
    except ValueError:
        entry.complain(f"size '{given}'")
        return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def read_range(entry: Entry) -> Range | None:
    """Read two percentages, in any order; None without them."""
    found = _RANGE.search(entry.text)
    if found is None:
        return None
    low, high = sorted((_number(found[1]), _number(found[2])))
    return Range(low=low, high=high, questions=_value(entry, "ask"), **entry.base)


def read_reason(entry: Entry) -> Reason:
    """Read confirmed when it ends in (customer)."""
    return Reason(text=entry.text, confirmed=entry.ending is not None, **entry.base)


def read_success(entry: Entry) -> Success:
    """Read a result and whose it is."""
    return Success(text=entry.text, person=entry.person, **entry.base)


def read_reference(entry: Entry) -> Reference:
    """Read what was asked of whom."""
    return Reference(text=entry.text, person=entry.person, **entry.base)


def read_payoff(entry: Entry) -> Payoff:
    """Read what it would be worth."""
    return Payoff(text=entry.text, person=entry.person, **entry.base)


def read_named(entry: Entry) -> Named:
    """Read a person by name."""
    return Named(name=entry.text, **entry.base)


def read_competitor(entry: Entry) -> Competitor:
    """Read a rival, or the status quo."""
    return Competitor(name=entry.text, **entry.base)


def read_proof(entry: Entry) -> Proof:
    """Read what was shown, and for which criterion."""
    return Proof(text=entry.text, criterion=_value(entry, "criterion"), **entry.base)


def read_differentiator(entry: Entry) -> Differentiator:
    """Read a reason to choose us, whose it is, hard or soft, and how to count it."""
    hard = None
    for part in entry.parts:
        if part.casefold() in {"hard", "soft"}:
            hard = part.casefold() == "hard"
        else:
            entry.complain(f"'{plain(part)}'")
    metric = _value(entry, "metric")
    return Differentiator(
        text=entry.text, person=entry.person, hard=hard, metric=metric, **entry.base
    )


def read_plan(entry: Entry) -> Plan:
    """Read a plan, and whether it is the customer's own."""
    owner = _value(entry, "owner")
    led = None if owner is None else owner.casefold() in CUSTOMERS
    return Plan(text=entry.text, person=entry.person, customer_led=led, **entry.base)


def read_owed(entry: Entry) -> Owed:
    """Read what the customer said they would do, by when, and whether they did."""
    due, day = _value(entry, "by"), None
    if due is not None:
        try:
            day = date.fromisoformat(due)
        except ValueError:
            entry.complain(f"by '{due}' (a date like 2026-11-30)")
    received = entry.ending in RECEIVED
    return Owed(text=entry.text, person=entry.person, due=day, received=received, **entry.base)


def _value(entry: Entry, key: str) -> str | None:
    value = entry.attributes.get(key)
    return unquote(plain(value)) or None if value is not None else None

"""One opportunity with everything around it, and the one defence against looking ahead.

``Opportunity.as_of(moment)`` drops what was not known yet, takes values with history from their
history, and turns every other changeable value into unknown, never into today's value.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from crmrules.model.parties import Account, OurFields, OurTask, Sibling, User
from crmrules.model.pieces import (
    Activity,
    Change,
    Competitor,
    Concern,
    Concession,
    Criterion,
    Differentiator,
    Line,
    Need,
    Owed,
    Person,
    Piece,
    Plan,
    Proof,
    Quote,
    Range,
    Reason,
    Reference,
    Success,
    Unread,
)
from crmrules.model.words import Phase

HISTORY_FIELDS = ("stage", "phase", "amount", "close_date", "next_step", "forecast", "owner")


class Opportunity(Piece):
    """One opportunity with everything around it, as one pull saw it.

    ``observed_at`` is when the values were read. ``tracked`` names the fields whose changes are
    complete in ``changes``; only those have a value in the past.
    """

    _mutable = frozenset(
        {"name", "kind", "lead_source", "forecast", "next_step", "owner", "users", "contract_end"}
    )

    id: str
    name: str | None = None
    account: Account | None = None
    owner: str | None = None
    users: tuple[User, ...] | None = ()
    created_at: datetime
    observed_at: datetime
    pipeline: str = "default"
    stage: str | None = None
    phase: Phase | None = None  # mapped from the stage; for won ones the signal decides by age
    amount: float | None = None
    currency: str | None = None
    close_date: date | None = None
    closed_at: datetime | None = None
    won: bool | None = None  # None while open
    kind: str | None = None  # new business, existing, renewal: the CRM's own word
    lead_source: str | None = None
    next_step: str | None = None
    forecast: str | None = None
    people: tuple[Person, ...] | None = None
    activities: tuple[Activity, ...] | None = None
    changes: tuple[Change, ...] | None = None
    tracked: frozenset[str] = frozenset()
    lines: tuple[Line, ...] | None = None
    quotes: tuple[Quote, ...] | None = None
    competitors: tuple[Competitor, ...] | None = None
    rivals_listed: bool = True  # the CRM has a list of them; else nobody named one is not "none"
    needs: tuple[Need, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    concerns: tuple[Concern, ...] = ()
    concessions: tuple[Concession, ...] = ()
    successes: tuple[Success, ...] = ()
    references: tuple[Reference, ...] = ()
    reasons: tuple[Reason, ...] = ()
    proofs: tuple[Proof, ...] = ()
    differentiators: tuple[Differentiator, ...] = ()
    plans: tuple[Plan, ...] = ()
    owed: tuple[Owed, ...] = ()
    ranges: tuple[Range, ...] = ()
    unread: tuple[Unread, ...] = ()  # tagged lines for their authors to mend
    contract_end: date | None = None
    siblings: tuple[Sibling, ...] | None = None
    our_tasks: tuple[OurTask, ...] | None = ()  # None: as of the past, nobody knows
    our_fields: OurFields = OurFields()

    @property
    def is_open(self) -> bool:
        """Whether it is neither won nor lost."""
        return self.won is None

    def as_of(self, moment: datetime) -> Opportunity | None:
        """Return this opportunity as it was known at the moment; None if it did not exist yet.

        At or after ``observed_at`` the values are the current ones. Before it, see the module.
        """
        if moment < self.created_at:
            return None
        past = moment < self.observed_at
        update: dict[str, Any] = {"observed_at": min(moment, self.observed_at)}
        for name in _COLLECTIONS:
            pieces = getattr(self, name)
            if pieces:
                update[name] = _known(pieces, moment, past=past)
        if not (self.rivals_listed or update.get("competitors")):
            update["competitors"] = None
        if past:
            update |= dict.fromkeys(self._mutable) | self._values_at(moment)
            update |= {"our_fields": OurFields(), "our_tasks": None}
            if self.account is not None:
                update["account"] = self.account.in_the_past()
        return self.model_copy(update=update)

    def _values_at(self, moment: datetime) -> dict[str, Any]:
        """Return the values at a past moment of every field that history can give, else None."""
        values: dict[str, Any] = {}
        for field in HISTORY_FIELDS:
            values[field] = self._value_at(field, moment) if field in self.tracked else None
        closed = self.closed_at is not None and self.closed_at <= moment
        values |= {"closed_at": self.closed_at if closed else None}
        values["won"] = self.won if closed else None
        if isinstance(values["phase"], str):
            values["phase"] = Phase(values["phase"])
        if isinstance(values["close_date"], str):
            values["close_date"] = date.fromisoformat(values["close_date"])
        return values

    def _value_at(self, field: str, moment: datetime) -> Any:
        before = after = None
        for change in self.changes or ():
            if change.field == field:
                if change.known_at <= moment:
                    if before is None or change.known_at >= before.known_at:
                        before = change
                elif after is None or change.known_at < after.known_at:
                    after = change
        if before is not None:
            return before.new
        return after.old if after is not None else getattr(self, field)


_COLLECTIONS = (
    "people",
    "activities",
    "changes",
    "lines",
    "quotes",
    "competitors",
    "needs",
    "criteria",
    "concerns",
    "concessions",
    "successes",
    "references",
    "reasons",
    "proofs",
    "differentiators",
    "plans",
    "owed",
    "ranges",
    "unread",
    "siblings",
    "our_tasks",
)


def _known(pieces: Iterable[Piece], moment: datetime, *, past: bool) -> tuple[Piece, ...]:
    seen = (piece for piece in pieces if piece.known_at <= moment)
    return tuple(_then(piece, moment) for piece in seen) if past else tuple(seen)


def _then(piece: Piece, moment: datetime) -> Piece:
    """Return a piece as it was then; a text edited since, or a date not yet reached, is unknown."""
    old = piece.in_the_past()
    if isinstance(old, Activity) and (old.edited_at is None or old.edited_at > moment):
        return old.model_copy(update={"text": None, "subject": None})
    if isinstance(old, Sibling):
        closed = old.closed_at is not None and old.closed_at <= moment
        return old if closed else old.model_copy(update={"won_at": None, "closed_at": None})
    if isinstance(old, Quote):
        sent = old.sent_at is not None and old.sent_at <= moment
        lines = tuple(_then(line, moment) for line in old.lines if line.known_at <= moment)
        return old.model_copy(update={"lines": lines, "sent_at": old.sent_at if sent else None})
    return old

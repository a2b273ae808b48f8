"""What a note can hold besides the pieces of the model, and the result of reading one.

Know before changing: a payoff and a named person have no place of their own on an opportunity; the
connector joins them to needs and people.

It does not parse.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from crmrules.model import (
    Competitor,
    Concern,
    Concession,
    Criterion,
    Differentiator,
    Need,
    Owed,
    Piece,
    Plan,
    Proof,
    Range,
    Reason,
    Reference,
    Success,
    Unread,
)


class Payoff(Piece):
    """What solving a need is worth, in the customer's words."""

    text: str
    person: str | None = None


class Named(Piece):
    """A person named as sponsor or as holder of power, as somebody typed the name."""

    name: str


class Notes(NamedTuple):
    """Everything one text says, in the order it was written."""

    needs: tuple[Need, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    concerns: tuple[Concern, ...] = ()
    concessions: tuple[Concession, ...] = ()
    successes: tuple[Success, ...] = ()
    references: tuple[Reference, ...] = ()
    reasons: tuple[Reason, ...] = ()
    payoffs: tuple[Payoff, ...] = ()
    sponsors: tuple[Named, ...] = ()
    powers: tuple[Named, ...] = ()
    competitors: tuple[Competitor, ...] = ()
    ranges: tuple[Range, ...] = ()
    proofs: tuple[Proof, ...] = ()
    differentiators: tuple[Differentiator, ...] = ()
    plans: tuple[Plan, ...] = ()
    owed: tuple[Owed, ...] = ()
    unread: tuple[Unread, ...] = ()


def join(all_notes: Iterable[Notes]) -> Notes:
    """Return the notes of several texts as one, by the time they were known."""
    columns: list[list[Any]] = [[] for _ in Notes._fields]
    for notes in all_notes:
        for column, pieces in zip(columns, notes, strict=True):
            column.extend(pieces)
    return Notes(*(tuple(sorted(column, key=lambda piece: piece.known_at)) for column in columns))

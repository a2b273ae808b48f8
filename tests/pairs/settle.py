"""Turns told stories into scenario values, and tells how two of them differ.

Know before changing: every story has a company and people of its own, so that no other opportunity
of the account speaks for it. A quote changes nothing but itself: amounts are entered, not quoted.

It tells no story.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from crmrules_sandbox.scenario.model import (
    AmountMove,
    CloseMove,
    Company,
    NextStep,
    Opportunity,
    Person,
    Role,
    StageMove,
)
from pairs.kit import FIRST, NOW, PIECES, PRICE, Told, Who, at, on

_TOLD = frozenset(
    {
        *("id", "story", "company", "owner", "heard", "roles", "conversations", "quotes"),
        *("stages", "amounts", "closes", "steps", "rivals"),
    }
)
"""Values of an opportunity that are records of their own, or follow from others."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A story as scenario values, with ids of its own."""

    company: Company
    people: tuple[Person, ...]
    opportunity: Opportunity


def settle(told: Told, name: str, number: int, owner: str) -> Settled:
    """Return a story as scenario values; ``name`` and ``number`` make it one of its own."""
    born = told.entered
    company = Company(
        id=f"{name} company",
        name=f"Northgate Depot {number}",
        industry="Logistics",
        domain=f"northgate-{number}.example",
        city="Leeds",
        country="United Kingdom",
        owner=owner,
        entered=born - timedelta(days=1),
        employees=800,
        buys=told.won is not None,
    )
    ids = {one.name: f"{name} {one.name}" for one in told.who}
    people = tuple(_person(one, ids, company, told) for one in told.who)
    since = {one.id: one.entered for one in people}
    closes = [CloseMove(born, on(told.closes))]
    closes += [CloseMove(at(ago), on(to)) for ago, to in told.pushes]
    if told.won is not None:
        closes.append(CloseMove(at(told.won), on(told.won)))
    talks = sorted(told.talks, key=lambda one: one.start)
    opportunity = Opportunity(
        id=name,
        story=name,
        company=company.id,
        owner=owner,
        name=f"{company.name} - {told.name}",
        source=told.source,
        entered=born,
        outcome="open" if told.won is None else "won",
        stages=(StageMove(born, FIRST), *(StageMove(at(ago), s) for ago, s in told.stages)),
        amounts=(AmountMove(born, PRICE * PIECES),),
        closes=tuple(closes),
        again=told.again,
        steps=tuple(NextStep(at(ago), text) for ago, text in told.steps),
        roles=tuple(
            Role(ids[one.name], one.role, since[ids[one.name]])
            for one in told.who
            if one.role != ""
        ),
        conversations=tuple(
            replace(one, id=f"{name} {one.id}", people=tuple(ids[who] for who in one.people))
            for one in talks
        ),
        quotes=tuple(replace(one, id=f"{name} {one.id}") for one in told.quotes),
        rivals=told.rivals,
        heard=max((one.start for one in talks if one.start <= NOW), default=None),
        forecast=told.forecast,
        contract_end=None if told.contract_end is None else on(told.contract_end),
    )
    return Settled(company, people, opportunity)


def difference(one: Settled, other: Settled) -> tuple[list[str], list[str]]:
    """Return the records that only one of two stories has, ids and the names of firms aside."""
    here, there = _records(one), _records(other)
    return sorted((here - there).elements()), sorted((there - here).elements())


def _records(told: Settled) -> Counter[str]:
    """Return everything told, a line a record: the opportunity's own values are one."""
    one, names = told.opportunity, {person.id: person.name for person in told.people}
    parts: list[Any] = [replace(person, id="", company="", mail="") for person in told.people]
    parts += [replace(role, person=names[role.person]) for role in one.roles]
    parts += [
        replace(talk, id="", people=tuple(names[who] for who in talk.people))
        for talk in one.conversations
    ]
    parts += [replace(quote, id="") for quote in one.quotes]
    parts += [*one.stages, *one.amounts, *one.closes, *one.steps, *map(repr, one.rivals)]
    parts += [replace(told.company, id="", name="", domain="")]
    own = {each.name: getattr(one, each.name) for each in fields(one)}
    own["name"] = one.name.removeprefix(told.company.name)
    parts.append({key: value for key, value in own.items() if key not in _TOLD})
    return Counter(repr(part) for part in parts)


def _person(one: Who, ids: Mapping[str, str], company: Company, told: Told) -> Person:
    first, last = one.name.split()
    entered = max(at(one.since), told.entered + timedelta(minutes=3))
    return Person(
        id=ids[one.name],
        company=company.id,
        first=first,
        last=last,
        mail=f"{first}.{last}@{company.domain}".lower(),
        phone="+44 1632 960100",
        title=one.title,
        owner=company.owner,
        source="Web",
        entered=entered,
        bounced=None if one.bounced is None else at(one.bounced),
    )

"""What the placeholders of a task text stand for on one opportunity.

Know before changing: None means there is no value, and the text falls back to a shorter sentence.
People are named only as somebody to talk to; nothing else about them is offered. A need is the
rep's own note, so it may stand in that rep's task: cut, with whose it is and when it was noted.

It fills no text; ``texts`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmrules.model import Activity, Focus, Need, Opportunity, Person
from crmrules.rule import Rule
from crmrules.signals import Known, Unknown, Value
from crmrules.signals._criteria import standing
from crmrules.texts import LONGEST_VALUE, cut, safe

LONGEST_WHO = 24  # code points of the name beside a need
LONGEST_NAME = 40  # code points of a criterion or a need, so that the account still fits beside it
LISTED, LONGEST_LISTED = 3, 24  # how many criteria a list names, and how much of each
Readings = Mapping[str, Known[Any] | Unknown]


def text_values(
    opportunity: Opportunity, readings: Readings, rule: Rule
) -> dict[str, Value | None]:
    """Return every placeholder's value: signals, the rule's settings, then names.

    {account} {opportunity} {owner}: their names. {contact}: the customer's person who was active
    last. {power}: somebody who can decide, other than {contact} where there is a choice. {person}:
    whom the finding is about. {need_1} {need_2}: the needs noted last.
    {criterion} {need}: the first that the rule's conditions rest on, in the order they are written;
    {need_by}: whose need that is.
    {criteria}: the first few there are.
    """
    values: dict[str, Value | None] = {
        name: reading.value if isinstance(reading, Known) else None
        for name, reading in readings.items()
    }
    values |= {name: setting.value for name, setting in rule.settings.items()}
    contact = _contact(opportunity)
    values |= {
        "account": opportunity.account.name if opportunity.account is not None else None,
        "opportunity": opportunity.name,
        "owner": _owner(opportunity),
        "contact": contact.name if contact is not None else None,
        "power": _power(opportunity, contact),
        "person": _person(opportunity, readings, rule),
        "need_1": None,
        "need_2": None,
    }
    values |= _needs(opportunity)
    evidence = _evidence(readings, rule)
    values["criterion"] = _criterion(opportunity, evidence)
    values["criteria"] = _criteria(opportunity)
    need = _need(opportunity, evidence)
    values["need"] = None if need is None else cut(need.text, LONGEST_NAME, words=True)
    values["need_by"] = None if need is None else need.person
    return values


def _evidence(readings: Readings, rule: Rule) -> tuple[tuple[str, ...], ...]:
    """Return the records behind each of the rule's conditions, in order."""
    found = (readings.get(clause.signal) for clause in rule.when.clauses())
    return tuple(reading.records for reading in found if isinstance(reading, Known))


def _criterion(opportunity: Opportunity, evidence: tuple[tuple[str, ...], ...]) -> str | None:
    names = {one_id: one.name for one in standing(opportunity.criteria) for one_id in one.ids}
    found = (names[record] for records in evidence for record in records if record in names)
    name = next(found, None)
    return None if name is None else cut(name, LONGEST_NAME, words=True)


def _criteria(opportunity: Opportunity) -> str | None:
    names = [cut(one.name, LONGEST_LISTED) for one in standing(opportunity.criteria)]
    return ", ".join(names[:LISTED]) or None


def _need(opportunity: Opportunity, evidence: tuple[tuple[str, ...], ...]) -> Need | None:
    """Return a need of the first condition that rests on any: a stated want, the newest first."""
    for records in evidence:
        needs = [need for need in opportunity.needs if need.record in records]
        if needs:
            return max(needs, key=lambda need: (need.explicit, need.known_at))
    return None


def latest_talk(opportunity: Opportunity) -> Activity | None:
    """Return the latest activity that names one of the opportunity's people.

    It is the only one that a text rests on.
    """
    people = _reached(opportunity)
    named = (
        one
        for one in opportunity.activities or ()
        if one.at <= opportunity.observed_at and not people.keys().isdisjoint(one.people or ())
    )
    return max(named, key=lambda one: one.at, default=None)


def _contact(opportunity: Opportunity) -> Person | None:
    """Return the person of the latest activity that names one of the opportunity's people."""
    talk, people = latest_talk(opportunity), _reached(opportunity)
    named = (talk.people or ()) if talk is not None else ()
    return next((people[person] for person in named if person in people), None)


def _reached(opportunity: Opportunity) -> dict[str, Person]:
    return {person.id: person for person in opportunity.people or () if _reachable(person)}


def _reachable(person: Person) -> bool:
    return person.employed is not False


def _power(opportunity: Opportunity, contact: Person | None) -> str | None:
    """Return the name of somebody who can decide, by role before title."""
    people = [person for person in opportunity.people or () if _reachable(person)]
    found = [person for person in people if person.focus is Focus.POWER]
    found += [person for person in people if person.senior and person not in found]
    others = [person for person in found if person is not contact]
    return (others or found)[0].name if found else None


def _person(
    opportunity: Opportunity, readings: Mapping[str, Known[Any] | Unknown], rule: Rule
) -> str | None:
    """Return the first person among the records behind the rule's condition, in its own order."""
    names = {person.record: person.name for person in opportunity.people or ()}
    for clause in rule.when.clauses():
        reading = readings.get(clause.signal)
        for record in reading.records if isinstance(reading, Known) and reading.value else ():
            if record in names:
                return names[record]
    return None


def _needs(opportunity: Opportunity) -> dict[str, str]:
    """Return the two needs noted last, each fit for one placeholder."""
    newest = sorted(opportunity.needs, key=lambda need: need.known_at, reverse=True)[:2]
    return {f"need_{place}": _noted(need) for place, need in enumerate(newest, 1)}


def _noted(need: Need) -> str:
    noted = f"{need.known_at:%Y-%m-%d}"
    whose = noted if need.person is None else f"{safe(need.person, LONGEST_WHO)}, {noted}"
    return f"{safe(need.text, LONGEST_VALUE - len(whose) - 3)} ({whose})"


def _owner(opportunity: Opportunity) -> str | None:
    names = {user.id: user.name for user in opportunity.users or ()}
    return names.get(opportunity.owner) if opportunity.owner is not None else None

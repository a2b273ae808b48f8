"""What words say about people, and people whom notes name.

Know before changing: a name typed in a note marks a person only when exactly one fits; a name that
fits nobody is a person of its own, with an id that starts with ``note:``.

It does not know where a CRM keeps its people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crmrules.mapping import Mapping, Role
from crmrules.model import Focus, Person
from crmrules.notes import Named
from crmrules.raw import Body, flag


def stated(words: Iterable[str]) -> Role:
    """Return what our own words say, wherever they stand: one of ``Focus``, or "sponsor"."""
    focus, sponsor = None, None
    for word in (word.strip().casefold() for word in words):
        if word in set(Focus):
            focus = Focus(word)
        elif word == "sponsor":
            sponsor = True
    return Role(focus=focus, sponsor=sponsor)


def employed(body: Body, mapping: Mapping, prefix: str = "") -> bool | None:
    """Return whether a contact still works there, by the fields that the mapping names for it."""
    for name in mapping.sources("Contact", "employed"):
        if (here := flag(body, f"{prefix}{name}")) is not None:
            return here
    for name in mapping.sources("Contact", "left"):
        if (left := flag(body, f"{prefix}{name}")) is not None:
            return not left
    return None


def mark(
    people: tuple[Person, ...], sponsors: Iterable[Named], powers: Iterable[Named]
) -> tuple[Person, ...]:
    """Return the people with those marked whom notes name as sponsor or as holder of power."""
    found = list(people)
    marks: list[tuple[Named, dict[str, Any]]] = [(named, {"sponsor": True}) for named in sponsors]
    marks += [(named, {"focus": Focus.POWER}) for named in powers]
    for named, update in marks:
        fits = [i for i, person in enumerate(found) if _same(named.name, person.name)]
        if len(fits) == 1:
            found[fits[0]] = found[fits[0]].model_copy(update=update)
        elif not fits:
            base = {"record": named.record, "known_at": named.known_at, "name": named.name}
            found.append(Person.model_validate({**base, "id": f"note:{named.name}", **update}))
    return tuple(found)


def _same(typed: str, name: str) -> bool:
    """Whether a typed name, perhaps with a title or initials, can mean this person."""
    said, real = (part.casefold().replace(".", " ").split() for part in (typed, name))
    if not said or not real:
        return False
    if said == real or (len(said) == 1 and said[0] in real):
        return True
    return said[-1] == real[-1] and any(word[0] == real[0][0] for word in said[:-1])

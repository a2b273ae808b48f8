"""The customer's criteria, each once: what several lines about the same name come to.

Know before changing: a later line updates the earlier one, value by value; an empty value changes
nothing. Every signal and every text about criteria takes them from here. ``Standing.ids`` is how
two rules are known to speak of one criterion ("hides: same criterion"): the record, a "#" and the
name, because several may stand in one note, and a next step has the opportunity's own record.

Ratings go from 1 to 5: 4 and 5 are strong, 1 and 2 are weak, 3 is neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmrules.model import Criterion
from crmrules.signals._registry import Known, Reading, Unknown, View, once

STRONG, WEAK = 4, 2
CRUCIAL, INCIDENTAL = "crucial", "incidental"
_ORDER = ("incidental", "important", "crucial")
_REDUCING = ("overtake", "redefine", "tradeoff", "alternative")
_VALUES = tuple(
    name
    for name in Criterion.model_fields
    if name not in {"record", "known_at", "name", "theirs", "rival"}
)
NO_NOTES = Unknown("notes cannot be read")


@dataclass(frozen=True, slots=True)
class Standing:
    """One criterion as it stands; ``raised``: when it last became more important."""

    now: Criterion  # the values in force; record and moment are those of the last line
    lines: tuple[Criterion, ...]  # all that was recorded about it, in order of time
    raised: datetime | None

    @property
    def name(self) -> str:
        """The name, as it was typed last."""
        return self.now.name

    @property
    def first(self) -> datetime:
        """When it was first recorded."""
        return self.lines[0].known_at

    @property
    def ids(self) -> tuple[str, ...]:
        """What tells it apart from every other criterion, for each record it stands in."""
        key = key_of(self.name)
        return tuple(f"{record}#{key}" for record in dict.fromkeys(c.record for c in self.lines))

    def since(self, *fields: str) -> datetime:
        """Return since when all these values are in force: when the latest was first said."""
        return max(self._since(field) for field in fields)

    def _since(self, field: str) -> datetime:
        moment, value = self.first, None
        for line in self.lines:
            told = getattr(line, field)
            if told is not None and told != value:
                moment, value = line.known_at, told
        return moment

    def holds_since(self, test: Callable[[Criterion], bool]) -> datetime | None:
        """Return since which line something holds without a break; None if it does not hold now."""
        since: datetime | None = None
        for count in range(1, len(self.lines) + 1):
            then = _merged(self.lines[:count]).now
            since = (since or then.known_at) if test(then) else None
        return since

    def told_since(self, field: str, moment: datetime) -> bool:
        """Return whether a value was recorded at that moment or later."""
        return any(getattr(c, field) is not None and c.known_at >= moment for c in self.lines)


def key_of(name: str) -> str:
    """Return what is the same for two ways of typing one name."""
    return " ".join(name.split()).casefold()


def standing(criteria: Iterable[Criterion]) -> tuple[Standing, ...]:
    """Return each criterion once, the one that was recorded first standing first."""
    groups: dict[str, list[Criterion]] = {}
    for line in sorted(criteria, key=lambda one: one.known_at):
        groups.setdefault(key_of(line.name), []).append(line)
    return tuple(_merged(tuple(lines)) for lines in groups.values())


def _merged(lines: tuple[Criterion, ...]) -> Standing:
    values: dict[str, Any] = {}
    rivals: dict[str, tuple[float, str | None]] = {}
    raised = None
    for line in lines:
        if heavier(line.weight, values.get("weight")):
            raised = line.known_at
        told = {name: getattr(line, name) for name in _VALUES}
        values |= {name: value for name, value in told.items() if value is not None}
        if line.theirs is not None:
            rivals[key_of(line.rival or "")] = (line.theirs, line.rival)
    if rivals:  # of several rivals the strongest counts, each by its latest rating
        values["theirs"], values["rival"] = max(rivals.values(), key=lambda pair: pair[0])
    return Standing(lines[-1].model_copy(update=values), lines, raised)


def heavier(weight: str | None, before: str | None) -> bool:
    """Return whether a weight is above the one before; a first weight is none that rose."""
    if weight not in _ORDER or before not in _ORDER:
        return False
    return _ORDER.index(weight) > _ORDER.index(before)


def reduces(strategy: str | None) -> bool:
    """Return whether a strategy is one of the four that make a crucial criterion weigh less."""
    plain = "".join(char for char in (strategy or "").casefold() if char.isalpha())
    return plain.startswith(_REDUCING)


def weighs(one: Standing, *weights: str) -> bool | None:
    """Return whether it has one of these weights; None: nobody said how much it weighs."""
    return None if one.now.weight is None else one.now.weight in weights


def strong(rating: float | None) -> bool | None:
    """Return whether a rating is strong; None: there is none."""
    return None if rating is None else rating >= STRONG


def both(*answers: bool | None) -> bool | None:
    """Return whether all answers are yes; None where that is open."""
    if False in answers:
        return False
    return None if None in answers else True


def ids(found: Iterable[Standing]) -> tuple[str, ...]:
    """Return what tells these criteria apart from all others."""
    return tuple(dict.fromkeys(name for one in found for name in one.ids))


@once
def recorded(view: View) -> tuple[Standing, ...] | Unknown:
    """Return the criteria; unknown where there is none and notes cannot be read."""
    opportunity = view.opportunity
    if not opportunity.criteria and opportunity.activities is None:
        return NO_NOTES
    return standing(opportunity.criteria)


def those(
    view: View, fits: Callable[[Standing], bool | None], missing: str
) -> list[Standing] | Unknown:
    """Return the criteria that fit; unknown where none surely does and one may: ``missing``."""
    found = recorded(view)
    if isinstance(found, Unknown):
        return found
    answers = [(one, fits(one)) for one in found]
    sure = [one for one, answer in answers if answer]
    return sure if sure or None not in (answer for _, answer in answers) else Unknown(missing)


def number(found: list[Standing] | Unknown) -> Reading[int]:
    """Return how many there are, with what tells them apart."""
    return found if isinstance(found, Unknown) else Known(len(found), ids(found))

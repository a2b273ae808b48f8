"""Our own side of a seeded scenario: the organization, colleagues and products.

Know before changing: eight reps work under two managers; one rep has left and still owns
opportunities. Nothing here is drawn but names.

Does not do: anything that belongs to a customer.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmrules_sandbox.scenario import people
from crmrules_sandbox.scenario.clock import Calendar
from crmrules_sandbox.scenario.model import Colleague, Organization, Product

_DOMAIN = "orderlink.example"
_PLACES = (
    ("Europe/Berlin", "de"),
    ("Europe/London", "en"),
    ("America/New_York", "en"),
    ("Europe/Madrid", "es"),
    ("Europe/Paris", "fr"),
    ("America/Chicago", "en"),
    ("Europe/Vienna", "de"),
    ("Europe/London", "en"),
)
"""Time zone and language of each rep."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Colleagues by part; ``languages`` (of notes) by colleague id."""

    managers: tuple[Colleague, ...]
    reps: tuple[Colleague, ...]
    leaver: Colleague
    languages: dict[str, str]

    @property
    def everybody(self) -> tuple[Colleague, ...]:
        """All colleagues, managers first, the one who left last."""
        return (*self.managers, *self.reps, self.leaver)

    def rep(self, colleague: str) -> Colleague:
        """Return the rep with this id; raises KeyError for anybody else."""
        return {rep.id: rep for rep in self.reps}[colleague]


def organization(calendar: Calendar) -> Organization:
    """Return the company that sells warehouse software."""
    since = calendar.moment(1400, hour=9)
    return Organization("OrderLink Systems", _DOMAIN, "Europe/Berlin", "EUR", since)


def products() -> tuple[Product, ...]:
    """Return what it sells."""
    return tuple(
        Product(f"product-{number}", name, code, price)
        for number, (name, code, price) in enumerate(people.PRODUCTS, start=1)
    )


def staff(cast: people.Cast) -> Staff:
    """Return the colleagues, named by the cast."""
    managers = tuple(
        _colleague(cast, f"manager-{number}", "Sales Manager", None, place)
        for number, place in enumerate((0, 2), start=1)
    )
    reps = tuple(
        _colleague(cast, f"rep-{place + 1}", "Account Executive", managers[place % 2].id, place)
        for place in range(len(_PLACES))
    )
    leaver = _colleague(
        cast, f"rep-{len(reps) + 1}", "Account Executive", managers[0].id, 1, active=False
    )
    return Staff(
        managers, reps, leaver, {rep.id: _PLACES[place][1] for place, rep in enumerate(reps)}
    )


def _colleague(
    cast: people.Cast,
    name: str,
    title: str,
    manager: str | None,
    place: int,
    *,
    active: bool = True,
) -> Colleague:
    first, last = cast.person()
    mail = f"{first}.{last}@{_DOMAIN}".lower()
    return Colleague(name, first, last, mail, title, manager, _PLACES[place][0], active)

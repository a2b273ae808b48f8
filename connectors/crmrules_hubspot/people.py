"""The contacts of a deal as people, our owners as users, companies as accounts.

Know before changing: what a contact is to a deal is asked of several sources, best first, and the
first that says anything about focus, or about sponsorship, counts. HubSpot's own buying role stands
below the labels of the association, because it belongs to the contact, not to this deal. HubSpot
does not date an association: a person is known from when both ends of it were there.

It reads no activity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crmrules.assemble.people import employed, stated
from crmrules.connector import Row
from crmrules.mapping import Mapping, Role
from crmrules.model import Account, Person, Sibling, User
from crmrules.raw import Body, flag, number, text
from crmrules_hubspot import history
from crmrules_hubspot.portal import Portal
from crmrules_hubspot.values import created, object_id, properties, record, words
from crmrules_hubspot.words import plain

PROPERTY = "property:"  # before the name of a property in the list of role sources


class Contacts:
    """Turns the contacts of one deal, made at ``born``, into people."""

    def __init__(
        self, mapping: Mapping, portal: Portal, born: datetime, observed_at: datetime
    ) -> None:
        self._mapping, self._sources = mapping, portal.role_sources
        self._born, self._observed_at = born, observed_at

    def persons(self, roles: Iterable[Row], cards: Iterable[Row]) -> tuple[Person, ...]:
        """Return one person per associated contact, by when they were known."""
        by_id = {object_id(row): row for row in cards}
        labels: dict[str, list[str]] = {}
        for row in roles:
            contact = text(row.body, "contact") or object_id(row)
            labels.setdefault(contact, []).extend(_labels(row))
        found = [self._person(one, said, by_id.get(one)) for one, said in labels.items()]
        return tuple(sorted(found, key=lambda person: (person.known_at, person.record)))

    def _person(self, contact: str, labels: Sequence[str], card: Row | None) -> Person:
        body: Body = {} if card is None else properties(card)
        made = self._born if card is None else created(card, self._born)
        role, title = self._role(labels, body), text(body, "jobtitle")
        native = "; ".join(words(text(body, "hs_buying_role")))
        bounced = None
        if "hs_email_hard_bounce_reason_enum" in body:
            bounced = text(body, "hs_email_hard_bounce_reason_enum") is not None
        return Person(
            record=f"contact/{contact}",
            known_at=min(max(made, self._born), self._observed_at),
            id=contact,
            name=_name(body) or contact,
            title=title,
            role=next(iter(labels), native or None),
            focus=role.focus,
            sponsor=role.sponsor,
            senior=self._mapping.senior(title),
            bounced=bounced,
            employed=employed(body, self._mapping),
        )

    def _role(self, labels: Sequence[str], body: Body) -> Role:
        focus, sponsor = None, None
        for source in self._sources:
            said = self._said(source, labels, body)
            focus = focus or said.focus
            sponsor = said.sponsor if sponsor is None else sponsor
        return Role(focus=focus, sponsor=sponsor)

    def _said(self, source: str, labels: Sequence[str], body: Body) -> Role:
        """Return what one source says; our own words count in labels and chosen properties."""
        own = Role()
        if source == "label":
            said: Sequence[str] = labels
            own = stated(labels)
        elif source == "jobtitle":
            title = text(body, "jobtitle")
            said = () if title is None else (title,)
        else:
            said = words(text(body, source.removeprefix(PROPERTY)))
            own = stated(said) if source.startswith(PROPERTY) else own
        meanings = [own, *(self._mapping.role(plain(word)) for word in said)]
        focus = next((one.focus for one in meanings if one.focus is not None), None)
        answers = [one.sponsor for one in meanings if one.sponsor is not None]
        return Role(focus=focus, sponsor=any(answers) if answers else None)


def _labels(row: Row) -> list[str]:
    said = row.body.get("labels")
    found = (text({"": word}, "") for word in said) if isinstance(said, (list, tuple)) else ()
    return [word for word in found if word is not None]


def _name(body: Body) -> str | None:
    parts = (text(body, name) for name in ("firstname", "lastname"))
    full = " ".join(part for part in parts if part is not None)
    return full or (text(body, "email") or "").partition("@")[0] or None


def users(ids: Iterable[str | None], portal: Portal) -> tuple[User, ...]:
    """Return our people of these owner ids, each once, as far as they are known."""
    found = []
    for owner in dict.fromkeys(one for one in ids if one is not None):
        known = portal.owners.get(owner)
        found.append(
            User(
                id=owner,
                name=None if known is None else known.name,
                email=None if known is None else known.email,
                active=portal.active(owner),
            )
        )
    return tuple(found)


def account(
    key: str | None,
    own: Row,
    company: Row | None,
    others: Iterable[Row],
    mapping: Mapping,
    portal: Portal,
    known_at: datetime,
) -> Account | None:
    """Return the primary company of a deal by its key; None when it has none."""
    if key is None:
        return None
    body: Body = {} if company is None else properties(company)
    won = [
        number(properties(row), "amount")
        for row in (own, *others)
        if history.outcome(properties(row), portal, mapping.outcome) is True
    ]
    amounts = [amount for amount in won if amount is not None]
    strategic = [flag(body, name) for name in mapping.sources("Account", "strategic")]
    employees, owner = number(body, "numberofemployees"), text(body, "hubspot_owner_id")
    company_id = key.rpartition("/")[2]
    return Account(
        record=f"company/{company_id}",
        known_at=known_at if company is None else created(company, known_at),
        id=company_id,
        name=text(body, "name") or company_id,
        owner=owner,
        owner_active=portal.active(owner),
        employees=None if employees is None else int(employees),
        kind=text(body, "type"),
        strategic=next((value for value in strategic if value is not None), None),
        parent=text(body, "hs_parent_company_id"),
        won_revenue=sum(amounts) if amounts else None,
    )


def sibling(row: Row, mapping: Mapping, portal: Portal, observed_at: datetime) -> Sibling:
    """Return another deal of the account."""
    won = history.outcome(properties(row), portal, mapping.outcome)
    closed = None if won is None else history.closed_at(row, observed_at)
    return Sibling(
        record=record(row),
        known_at=created(row, observed_at),
        id=object_id(row),
        won_at=closed if won else None,
        closed_at=closed,
    )

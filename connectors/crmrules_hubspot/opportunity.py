"""The one door from HubSpot's records to the model: all rows about a deal, as an opportunity.

Know before changing: ``"x" in properties`` is how a property that was not read stays unknown, and a
kind of row that may not be read is unknown as a whole; a default in its place would be an invented
fact. The mapping handed in is the organization's with ``words.with_defaults``.

It makes no call and reads no clock: the moment of reading is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from crmrules.assemble import facts
from crmrules.assemble.people import mark
from crmrules.connector import Row
from crmrules.mapping import DEFAULT_PIPELINE, Mapping
from crmrules.model import Activity, Opportunity, Person, Phase
from crmrules.notes import Notes
from crmrules.raw import number, text
from crmrules_hubspot import history, html, offers, people
from crmrules_hubspot.activities import KINDS, activities
from crmrules_hubspot.ours import is_about, is_ours, our_fields, our_task
from crmrules_hubspot.portal import Portal
from crmrules_hubspot.values import (
    archived,
    changed,
    created,
    day,
    object_id,
    properties,
    record,
)


class _Rows:
    """The rows of one deal, by kind; a task of ours on deal and company is one."""

    def __init__(self, opportunity_id: str, rows: Sequence[Row]) -> None:
        self.own: Row | None = None
        self.others: list[Row] = []
        self.kinds: dict[str, list[Row]] = {}
        ours: dict[str, Row] = {}
        for row in rows:
            if is_ours(row):
                if is_about(row, opportunity_id):
                    ours.setdefault(object_id(row), row)
            elif archived(row):
                continue
            elif row.kind != "deal":
                self.kinds.setdefault(row.kind, []).append(row)
            elif row.id == opportunity_id:
                self.own = row
            else:
                self.others.append(row)
        self.ours = tuple(ours.values())

    def of(self, *kinds: str) -> list[Row]:
        return [row for kind in kinds for row in self.kinds.get(kind, ())]


def normalize(
    opportunity_id: str,
    rows: Sequence[Row],
    mapping: Mapping,
    portal: Portal,
    observed_at: datetime,
) -> Opportunity | None:
    """Translate all rows about one deal; None when its own row is missing or archived.

    Other deals among the rows are its siblings; rows whose parent is a company are activities on
    the account.
    """
    found = _Rows(opportunity_id, rows)
    own = found.own
    if own is None:
        return None
    born = min(created(own, observed_at), observed_at)
    won = history.outcome(properties(own), portal, mapping.outcome)
    past = history.read(own, portal, partial(_phase, mapping, portal, _pipeline(own)), born)
    logged = activities(found.of(*sorted(KINDS)), mapping, portal.zone, observed_at)
    notes = _notes(own, logged, mapping, portal, observed_at)
    return Opportunity(
        **_values(own, mapping, portal),
        **facts.recorded(notes),
        **_offers(found, notes, mapping, portal, observed_at),
        **_parties(found, own, mapping, portal, observed_at),
        record=record(own),
        known_at=born,
        created_at=born,
        observed_at=observed_at,
        closed_at=None if won is None else history.closed_at(own, observed_at),
        won=won,
        people=_people(found, notes, mapping, portal, born, observed_at),
        activities=logged if portal.readable >= KINDS else None,
        changes=past.changes,
        tracked=past.tracked,
        our_tasks=tuple(our_task(row, mapping, portal.zone, observed_at) for row in found.ours),
        our_fields=our_fields(properties(own)),
    )


def _pipeline(own: Row) -> str:
    return text(properties(own), "pipeline") or DEFAULT_PIPELINE


def _phase(mapping: Mapping, portal: Portal, pipeline: str, stage: str) -> Phase | None:
    """Return the phase of a stage in its own pipeline: a deal may have come from another one."""
    known = portal.stages.get(stage)
    return mapping.phase(pipeline if known is None else known.pipeline, stage)


def _values(own: Row, mapping: Mapping, portal: Portal) -> dict[str, Any]:
    body, pipeline = properties(own), _pipeline(own)
    stage = text(body, "dealstage")
    ends = mapping.sources("Opportunity", "contract_end")
    return {
        "id": own.id,
        "name": text(body, "dealname"),
        "owner": text(body, "hubspot_owner_id"),
        "pipeline": pipeline,
        "stage": stage,
        "phase": None if stage is None else _phase(mapping, portal, pipeline, stage),
        "amount": number(body, "amount"),
        "currency": text(body, "deal_currency_code"),
        "close_date": day(body, "closedate", portal.zone),
        "kind": text(body, "dealtype"),
        "lead_source": text(body, "hs_analytics_source"),
        "next_step": text(body, "hs_next_step"),
        "forecast": text(body, "hs_manual_forecast_category"),
        "contract_end": next((end for name in ends if (end := day(body, name, portal.zone))), None),
    }


def _notes(
    own: Row, logged: Sequence[Activity], mapping: Mapping, portal: Portal, observed_at: datetime
) -> Notes:
    body = properties(own)
    names = (path.partition(".")[2] for path in mapping.fields if path.startswith("Opportunity."))
    fields = facts.own_fields(
        {name: html.text(text(body, name)) for name in names},
        mapping,
        known_at=changed(own, created(own, observed_at)),
        record=record(own),
        author=text(body, "hubspot_owner_id"),
    )
    steps = history.next_steps(own, portal, observed_at)
    return facts.collect(logged, steps, fields, mapping.tag_aliases)


def _offers(
    found: _Rows, notes: Notes, mapping: Mapping, portal: Portal, observed_at: datetime
) -> dict[str, Any]:
    values: dict[str, Any] = {"competitors": notes.competitors or None, "rivals_listed": False}
    if "line_item" in portal.readable:
        values["lines"] = offers.lines(found.of("line_item"), observed_at)
    if "quote" in portal.readable:
        inside = found.of("quote_line")
        values["quotes"] = offers.quotes(
            found.of("quote"), inside, mapping, portal.zone, observed_at
        )
    return values


def _people(
    found: _Rows,
    notes: Notes,
    mapping: Mapping,
    portal: Portal,
    born: datetime,
    observed_at: datetime,
) -> tuple[Person, ...] | None:
    if "role" not in portal.readable:
        return None
    contacts = people.Contacts(mapping, portal, born, observed_at)
    return mark(
        contacts.persons(found.of("role"), found.of("contact")), notes.sponsors, notes.powers
    )


def _parties(
    found: _Rows, own: Row, mapping: Mapping, portal: Portal, observed_at: datetime
) -> dict[str, Any]:
    known_at = min(created(own, observed_at), observed_at)
    # What is stored of a company that may not be read now is from some earlier day.
    key = own.account if "company" in portal.readable else None
    others = [row for row in found.others if key is not None and row.account == key]
    company = next((row for row in found.of("company") if row.id == key), None)
    account = people.account(key, own, company, others, mapping, portal, known_at)
    owners = (
        text(properties(own), "hubspot_owner_id"),
        None if account is None else account.owner,
    )
    siblings = tuple(people.sibling(row, mapping, portal, observed_at) for row in others)
    return {
        "account": account,
        "siblings": None if key is None else siblings,
        "users": people.users(owners, portal) if "hubspot_owner_id" in properties(own) else None,
    }

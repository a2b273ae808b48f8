"""The one door between Salesforce records and the model: tables, rows, opportunities.

Know before changing: the live reader and the export reader both come through here, so a record
means the same whichever way it came. ``"X" in body`` is how an absent column stays unknown; a
default in its place would be an invented fact.

It makes no call and reads no clock: the moment of reading is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crmrules.assemble import facts
from crmrules.assemble.people import mark
from crmrules.connector import Organization, Row
from crmrules.mapping import DEFAULT_PIPELINE, Mapping
from crmrules.model import Activity, Change, Opportunity, OurFields, Person
from crmrules.notes import Notes
from crmrules.raw import Body, day, first, flag, moment, number, text
from crmrules_salesforce import history, offers, people
from crmrules_salesforce.activities import KEY, activities, is_ours, our_task
from crmrules_salesforce.tables import OUR_FIELDS, TABLES, Table, with_fields

__all__ = ["OUR_FIELDS", "TABLES", "Table", "normalize", "pipeline", "to_row", "with_fields"]

ALL_READABLE = frozenset(TABLES)
_ABSENT = object()

_IN_THE_ROW = frozenset({"Id", "IsDeleted", "IsRecurrence", "IsChild", "SystemModstamp"})


def to_row(table: Table, record: AnyMapping[str, Any]) -> Row | None:
    """Return a record as a row; None when it belongs to nothing we follow.

    That is a record without id or parent, one of another kind of parent, and the masters and
    copies that Salesforce keeps of recurring and of shared events.
    """
    body = {path: value for path in table.fields if (value := _at(record, path)) is not _ABSENT}
    record_id, parent = text(body, "Id"), text(body, table.parent) if table.parent else ""
    if record_id is None or parent is None or flag(body, "IsRecurrence") or flag(body, "IsChild"):
        return None
    if table.prefix and parent[0].isdigit() and not parent.startswith(table.prefix):
        return None
    # A task of ours that somebody deleted stays a row: that it was deleted must outlive our state,
    # or a lost state would ask a second time.
    deleted, ours = flag(body, "IsDeleted") is True, text(body, KEY) is not None
    stamp = text(body, table.stamp) or text(body, "CreatedDate") or ""
    account, closed_on, won = None, None, None
    if table.object == "Opportunity":
        account = text(body, "AccountId")
        if flag(body, "IsClosed"):
            closed_on, won = day(body, "CloseDate"), flag(body, "IsWon")
    elif table.scope == "account":
        account = parent
    kept = {"IsDeleted"} if ours else set[str]()
    for name in {*_IN_THE_ROW, table.parent} - kept:
        body.pop(name, None)
    gone = deleted and not ours
    return Row(table.object, record_id, parent, stamp, body, account, closed_on, won, gone)


def _at(record: AnyMapping[str, Any], path: str) -> Any:
    """Return the value at a path; a parent that is null has null fields, one not read has none."""
    if path in record:
        return record[path]
    value: Any = record
    for name in path.split("."):
        if value is None:
            return None
        if not isinstance(value, AnyMapping) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def pipeline(body: Body) -> str:
    """Return the sales process of an opportunity: its record type, else the default one."""
    return text(body, "RecordType.DeveloperName") or DEFAULT_PIPELINE


class _Rows:
    """The rows of one opportunity, by object."""

    def __init__(self, opportunity_id: str, rows: Sequence[Row]) -> None:
        self.own: Row | None = None
        self.others: list[Row] = []
        self.kinds: dict[str, list[Row]] = {}
        self.ours: list[Row] = []
        for row in rows:
            if is_ours(row):
                self.ours.append(row)
            elif row.gone:
                continue
            elif row.kind != "Opportunity":
                self.kinds.setdefault(row.kind, []).append(row)
            elif row.id == opportunity_id:
                self.own = row
            else:
                self.others.append(row)

        self.snapshots = history.ordered(self.of("OpportunityHistory"))
        self.tracking = history.ordered(self.of("OpportunityFieldHistory"))

    def of(self, *kinds: str) -> list[Row]:
        return [row for kind in kinds for row in self.kinds.get(kind, ())]


def normalize(
    opportunity_id: str,
    rows: Sequence[Row],
    mapping: Mapping,
    organization: Organization,
    observed_at: datetime,
    readable: frozenset[str] = ALL_READABLE,
) -> Opportunity | None:
    """Translate all rows about one opportunity; None when its own row is missing or deleted.

    ``readable`` are the keys of the tables that were read: no row of another one means unknown, not
    none. Other opportunities among the rows are its siblings; rows whose parent is the account are
    activities on the account.
    """
    found = _Rows(opportunity_id, rows)
    own = found.own
    if own is None:
        return None
    body, way = own.body, pipeline(own.body)
    past = history.read(own, found.snapshots, found.tracking, mapping, way)
    created = _created(body, found.snapshots, observed_at)
    account_id, won = text(body, "AccountId"), people.outcome(body, mapping)
    logged = activities(found.of("Task", "Event", "EmailMessage"), mapping, account_id, observed_at)
    notes = _notes(own, logged, past.changes, mapping, observed_at)
    users = mapping.users | {organization.user or ""}
    return Opportunity(
        **_values(own, mapping, way),
        **facts.recorded(notes),
        **_offers(found, notes, mapping, observed_at, readable),
        record=own.id,
        known_at=created,
        created_at=created,
        observed_at=observed_at,
        account=people.account(own, found.others, mapping, created),
        closed_at=None if won is None else history.closed_at(own, found.snapshots, observed_at),
        won=won,
        people=_people(found, notes, mapping, observed_at) if "role" in readable else None,
        activities=logged if {"task", "event"} <= readable else None,
        changes=past.changes if found.snapshots or found.tracking else None,
        tracked=past.tracked,
        siblings=_siblings(found.others, account_id, mapping, observed_at),
        our_tasks=tuple(our_task(row, mapping, users, observed_at) for row in found.ours),
    )


def _notes(
    own: Row, logged: Sequence[Activity], changes: Sequence[Change], mapping: Mapping, now: datetime
) -> Notes:
    body, owner = own.body, text(own.body, "OwnerId")
    changed = first([moment(body, "LastModifiedDate"), moment(body, "CreatedDate")], now)
    step = text(body, "NextStep")
    current = None if step is None else facts.Written(step, changed, own.id, owner)
    own_fields = facts.own_fields(body, mapping, known_at=changed, record=own.id, author=owner)
    steps = facts.next_steps(changes, current)
    return facts.collect(logged, steps, own_fields, mapping.tag_aliases)


def _offers(
    found: _Rows, notes: Notes, mapping: Mapping, observed_at: datetime, readable: frozenset[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {"rivals_listed": "competitor" in readable}
    if "line" in readable:
        values["lines"] = offers.lines(found.of("OpportunityLineItem"), observed_at)
    if "quote" in readable:
        inside = found.of("QuoteLineItem")
        values["quotes"] = offers.quotes(found.of("Quote"), inside, mapping, observed_at)
    if "competitor" in readable or notes.competitors:
        rivals = offers.competitors(found.of("OpportunityCompetitor"), observed_at)
        values["competitors"] = (*rivals, *notes.competitors)
    return values


def _people(
    found: _Rows, notes: Notes, mapping: Mapping, observed_at: datetime
) -> tuple[Person, ...]:
    roles = people.persons(found.of("OpportunityContactRole"), mapping, observed_at)
    return mark(roles, notes.sponsors, notes.powers)


def _created(body: Body, snapshots: Sequence[Row], observed_at: datetime) -> datetime:
    """Without a creation date it is known from its first history row, else from this reading."""
    oldest = moment(snapshots[0].body, "CreatedDate") if snapshots else None
    return min(first([moment(body, "CreatedDate"), oldest], observed_at), observed_at)


def _siblings(
    others: Sequence[Row], account: str | None, mapping: Mapping, observed_at: datetime
) -> tuple[Any, ...] | None:
    if account is None:
        return None
    return tuple(
        people.sibling(row, mapping, observed_at) for row in others if row.account == account
    )


def _values(own: Row, mapping: Mapping, way: str) -> dict[str, Any]:
    body = own.body
    stage = text(body, "StageName")
    ends = mapping.sources("Opportunity", "contract_end")
    return {
        "id": own.id,
        "name": text(body, "Name"),
        "owner": text(body, "OwnerId"),
        "users": people.users(body) if "OwnerId" in body else None,
        "pipeline": way,
        "stage": stage,
        "phase": mapping.phase(way, stage),
        "amount": number(body, "Amount"),
        "currency": text(body, "CurrencyIsoCode"),
        "close_date": day(body, "CloseDate"),
        "kind": text(body, "Type"),
        "lead_source": text(body, "LeadSource"),
        "next_step": text(body, "NextStep"),
        "forecast": history.forecast(body, "ForecastCategoryName"),
        "contract_end": next((end for name in ends if (end := day(body, name))), None),
        "our_fields": _our_fields(body),
    }


def _our_fields(body: Body) -> OurFields:
    flags = text(body, "CrmRules_Flags__c") or ""
    return OurFields(
        status=text(body, "CrmRules_Status__c"),
        flags=tuple(word.strip() for word in flags.split(";") if word.strip()),
        summary=text(body, "CrmRules_Summary__c"),
        buying_phase=text(body, "CrmRules_Buying_Phase__c"),
        checked_at=moment(body, "CrmRules_Checked_At__c"),
    )

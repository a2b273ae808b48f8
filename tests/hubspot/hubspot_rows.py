"""Rows as the reader of HubSpot yields them, made by hand, and what they become."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crmrules.connector import Organization, Row
from crmrules.mapping import Mapping
from crmrules_hubspot.opportunity import normalize
from crmrules_hubspot.portal import Owner, Portal, Stage
from crmrules_hubspot.words import with_defaults

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BORN = "2026-06-01T08:00:00Z"
DEAL, COMPANY, REP = "100", "9", "51"
KINDS = frozenset(
    {
        *("deal", "role", "contact", "company", "line_item", "quote", "quote_line"),
        *("meeting", "call", "email", "note", "task"),
    }
)
STAGES = (
    Stage("appointmentscheduled", "Appointment", "default", 0),
    Stage("qualifiedtobuy", "Qualified", "default", 1),
    Stage("presentationscheduled", "Presentation", "default", 2),
    Stage("contractsent", "Contract", "default", 3),
    Stage("closedwon", "Won", "default", 4, closed=True, won=True),
    Stage("closedlost", "Lost", "default", 5, closed=True),
    Stage("801", "Presentation", "renewals", 0),
)
OWNERS = (
    Owner(REP, user_id=7, email="rita@ours.example", name="Rita Rep", active=True),
    Owner("52", user_id=8, email="al@ours.example", name="Al Account", active=False),
)
PORTAL = Portal(
    Organization("4711", time_zone="Europe/Berlin"),
    stages={stage.id: stage for stage in STAGES},
    owners={owner.id: owner for owner in OWNERS},
    readable=KINDS,
)


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


def version(value: Any, when: str, *, kind="CRM_UI", source="userId:7", user: Any = 7) -> dict:
    return {
        "value": value,
        "timestamp": when,
        "sourceType": kind,
        "sourceId": source,
        "updatedByUserId": user,
    }


def past(*pairs: tuple[Any, str]) -> list[dict]:
    """A property's history from (value, when) in order of time; the API gives the newest first."""
    return [version(value, when) for value, when in reversed(pairs)]


def record(number: str, properties: dict[str, Any], made: str = BORN, **more: Any) -> dict:
    return {"id": number, "properties": properties, "createdAt": made, "updatedAt": made} | more


def deal(number: str = DEAL, *, history=None, account: str | None = COMPANY, **properties) -> Row:
    own = {
        "dealname": "Acme - line 3",
        "dealstage": "contractsent",
        "pipeline": "default",
        "amount": "50000",
        "closedate": "2026-12-31T12:00:00Z",
        "hubspot_owner_id": REP,
        "hs_next_step": None,
        "hs_manual_forecast_category": None,
        "createdate": BORN,
        "hs_lastmodifieddate": "2026-11-01T08:00:00Z",
    }
    more = {} if history is None else {"history": history}
    body = record(number, own | properties, **more)
    where = None if account is None else f"company/{account}"
    return Row("deal", number, number, "2026-11-01T08:00:00Z", body, account=where)


def without(row: Row, *names: str) -> Row:
    """The row as if these properties had not been read."""
    kept = {k: v for k, v in row.body["properties"].items() if k not in names}
    return replace(row, body={**row.body, "properties": kept})


def child(kind: str, number: str, *, made: str = "2026-09-01T09:00:00Z", deal: str = DEAL,
          body: dict | None = None, **properties: Any) -> Row:  # fmt: skip
    found = record(number, properties, made, **(body or {}))
    return Row(kind, f"{deal}/{number}", deal, made, found)


def on_company(row: Row) -> Row:
    """The same record as the account shows it."""
    number = row.id.rpartition("/")[2]
    where = f"company/{COMPANY}"
    return replace(row, id=f"{where}/{number}", parent=where, account=where)


def engagement(kind: str, number: str = "500", *, contacts: Any = ("77",), **more: Any) -> Row:
    extra = more.pop("body", {})
    linked = {} if contacts is None else {"contacts": list(contacts)}
    return child(kind, number, body={**linked, **extra}, **more)


def role(contact: str = "77", *labels: str) -> Row:
    body = {"contact": contact, "labels": list(labels)}
    return Row("role", f"{DEAL}/{contact}", DEAL, "", body)


def contact(number: str = "77", **properties: Any) -> Row:
    return child("contact", number, **({"firstname": "Jo", "lastname": "Ortiz"} | properties))


def company(**properties: Any) -> Row:
    where = f"company/{COMPANY}"
    own = {"name": "Acme", "hubspot_owner_id": "52"} | properties
    made = "2025-01-01T00:00:00Z"
    return Row("company", where, where, made, record(COMPANY, own, made), account=where)


def ours(number: str = "900", *, history=None, body: dict | None = None, **properties: Any) -> Row:
    own = {
        "crmrules_key": "cr1:4711:100:ab",
        "crmrules_rule": "conc-gone-dark",
        "hs_task_subject": "Ask who decides",
        "hs_task_body": "Nobody knows yet.",
        "hs_task_status": "NOT_STARTED",
        "hs_timestamp": "2026-11-30T09:00:00Z",
        "hubspot_owner_id": REP,
    }
    extra = {} if history is None else {"history": history}
    return child("task", number, body={**extra, **(body or {})}, **(own | properties))


def org(**more: Any) -> Mapping:
    """An organization's mapping, with what HubSpot's own words mean."""
    return with_defaults(Mapping(**more))


def read(*rows: Row, mapping: Mapping | None = None, portal: Portal = PORTAL, now=NOW):
    return normalize(DEAL, rows, mapping or org(), portal, now)


def only_activity(row: Row, **more: Any):
    (found,) = read(deal(), row, **more).activities
    return found

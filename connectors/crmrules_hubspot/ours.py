"""What we left in HubSpot: our tasks, and our properties of the deal.

Know before changing: a task with our key is ours, whoever it belongs to now. It counts as edited
unless the history of everything we write shows no other writer than the one who wrote the key:
then nothing of it is overwritten. A history that was not read is no proof.

It writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from datetime import datetime, tzinfo

from crmrules.connector import Row
from crmrules.mapping import Mapping
from crmrules.model import OurFields, OurTask
from crmrules.raw import Body, text
from crmrules_hubspot import html
from crmrules_hubspot.values import (
    archived,
    created,
    day,
    moment,
    object_id,
    on_account,
    properties,
    record,
    words,
)

KEY, RULE, ABOUT = "crmrules_key", "crmrules_rule", "crmrules_opportunity"
"""On our tasks: the key, the rule, and the opportunity (which outlives a removed association)."""
WRITTEN = ("hs_task_subject", "hs_task_body", "hs_timestamp", "hubspot_owner_id", "hs_task_status")
"""The properties of a task that we write and a person may change."""

_Writer = tuple[str, str | None]


def is_ours(row: Row) -> bool:
    """Return whether a row is a task that we wrote."""
    return row.kind == "task" and text(properties(row), KEY) is not None


def is_about(row: Row, opportunity_id: str) -> bool:
    """Return whether a task of ours is about this deal, not about another one of its company."""
    return not on_account(row) or text(properties(row), ABOUT) == opportunity_id


def our_task(row: Row, mapping: Mapping, zone: tzinfo, observed_at: datetime) -> OurTask:
    """Return one task of ours; ``zone`` is the account's, in which it is due."""
    body = properties(row)
    status = text(body, "hs_task_status")
    closed = mapping.closed(status) is True
    return OurTask(
        record=record(row),
        known_at=created(row, observed_at),
        key=text(body, KEY) or "",
        id=object_id(row),
        rule=text(body, RULE),
        owner=text(body, "hubspot_owner_id"),
        subject=text(body, "hs_task_subject"),
        body=html.text(text(body, "hs_task_body")),
        due=day(body, "hs_timestamp", zone),
        status=status,
        closed=closed,
        closed_at=moment(body, "hs_task_completion_date") if closed else None,
        deleted=archived(row),
        snoozed=not closed and mapping.snoozed(status),
        edited=_edited(row),
    )


def _edited(row: Row) -> bool:
    history = row.body.get("history")
    if not isinstance(history, AnyMapping):
        return True
    first = writers(history, KEY)[-1:]
    if not first or first[0] is None:
        return True
    for name in WRITTEN:
        wrote = writers(history, name)
        if not wrote and text(properties(row), name) is not None:
            return True
        if any(writer != first[0] for writer in wrote):
            return True
    return False


def writers(history: Body, name: str) -> list[_Writer | None]:
    """Return who wrote each version, newest first as HubSpot gives them; None: cannot be told."""
    entries = history.get(name)
    if not isinstance(entries, list):
        return []
    found: list[_Writer | None] = []
    for entry in entries:
        kind = text(entry, "sourceType") if isinstance(entry, AnyMapping) else None
        found.append(None if kind is None else (kind, text(entry, "sourceId")))
    return found


def our_fields(body: Body) -> OurFields:
    """Return what we left on a deal."""
    return OurFields(
        status=text(body, "crmrules_status"),
        flags=words(text(body, "crmrules_flags")),
        summary=text(body, "crmrules_summary"),
        buying_phase=text(body, "crmrules_buying_phase"),
        checked_at=moment(body, "crmrules_checked_at"),
    )

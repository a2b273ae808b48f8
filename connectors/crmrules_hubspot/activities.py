"""Meetings, calls, e-mails, notes and tasks of others as conversations.

Know before changing, because each of these is a choice:

* A meeting was held when its outcome says so. "Scheduled" says nothing once its time has come,
  because nobody has to come back and change it; the mapping may name a property that says more.
* A call connected when its outcome says so; of an outcome the account made up itself only the
  status and the length tell. Half of all logged calls reached nobody.
* A customer took part when a contact is linked. No contact says nothing.
* A mail that failed or was never sent is left out; one that bounced was an attempt.
* A task waits for the customer when its status is one of the mapping's waiting ones.
* HubSpot shows one record on the deal and on its company: it counts once, on the deal.

It parses no note.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any

from crmrules.assemble import talks
from crmrules.connector import Row
from crmrules.mapping import Mapping
from crmrules.model import Activity, ActivityKind, Direction
from crmrules.raw import Body, first, number, text
from crmrules_hubspot import html
from crmrules_hubspot.values import (
    archived,
    changed,
    created,
    day,
    moment,
    on_account,
    properties,
    record,
)

KINDS = frozenset({"meeting", "call", "email", "note", "task"})

_OUTCOMES = MappingProxyType(
    {
        "COMPLETED": True,
        **dict.fromkeys(("NO_SHOW", "CANCELED", "CANCELLED", "RESCHEDULED"), False),
    }
)
_DISPOSITIONS = MappingProxyType(  # the same in every account
    {
        "f240bbac-87c9-4f6e-bf70-924b57d47db7": True,  # Connected
        "9d9162e7-6cf3-4944-bf63-4dff82258764": False,  # Busy
        "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": False,  # Left live message: with somebody else
        "b2cf5968-551e-4856-9783-52b3da59a7d0": False,  # Left voicemail
        "73a0d17f-1163-4015-bdd5-ec830791da20": False,  # No answer
        "17b47fee-58de-441e-a44c-c6300d46f273": False,  # Wrong number
    }
)
_UNANSWERED = frozenset({"NO_ANSWER", "BUSY", "FAILED", "CANCELED", "CANCELLED", "MISSED"})
_UNSENT = frozenset({"FAILED", "DRAFT", "DRAFT_EMAIL"})
_MAIL = MappingProxyType({"INCOMING_EMAIL": Direction.INBOUND, "EMAIL": Direction.OUTBOUND})


def activities(
    rows: Iterable[Row], mapping: Mapping, zone: tzinfo, observed_at: datetime
) -> tuple[Activity, ...]:
    """Return all activities of a deal and its company, by time.

    The rows are of records that still exist; none is a task of ours. ``zone`` is the account's, in
    which a task is due.
    """
    found: dict[str, Activity] = {}
    for row in rows:
        if archived(row) or (row.kind == "email" and _unsent(properties(row))):
            continue
        if record(row) not in found or not on_account(row):
            found[record(row)] = _activity(row, mapping, zone, observed_at)
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.record)))


def _unsent(body: Body) -> bool:
    return any(
        (text(body, name) or "").upper() in _UNSENT
        for name in ("hs_email_status", "hs_email_direction")
    )


def _activity(row: Row, mapping: Mapping, zone: tzinfo, observed_at: datetime) -> Activity:
    made = created(row, observed_at)
    linked = _linked(row.body)
    values: dict[str, Any] = {
        "record": record(row),
        "known_at": made,
        "with_customer": True if linked else None,
        "people": linked,
        "party": len(linked) if linked else None,
        "by": text(properties(row), "hubspot_owner_id"),
        "edited_at": changed(row, made),
        "on_account": on_account(row),
        "due": day(properties(row), "hs_timestamp", zone) if row.kind == "task" else None,
    }
    return Activity(**values | _READERS[row.kind](properties(row), made, mapping))


def _linked(body: Body) -> tuple[str, ...] | None:
    """Return the linked contacts; None when they were not read."""
    said = body.get("contacts")
    if not isinstance(said, (list, tuple)):
        return None
    found = (text({"": one}, "") for one in said)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _meeting(body: Body, made: datetime, mapping: Mapping) -> dict[str, Any]:
    at = first([moment(body, "hs_meeting_start_time"), moment(body, "hs_timestamp")], made)
    said = (text(body, name) for name in ("hs_meeting_body", "hs_internal_meeting_notes"))
    parts = [part for words in said if (part := html.text(words)) is not None]
    return {
        "kind": ActivityKind.MEETING,
        "at": at,
        "held": _held(body, mapping),
        "subject": text(body, "hs_meeting_title"),
        "text": "\n".join(parts) or None,
    }


def _held(body: Body, mapping: Mapping) -> bool | None:
    outcome = _OUTCOMES.get((text(body, "hs_meeting_outcome") or "").upper())
    if outcome is not None:
        return outcome
    names = mapping.sources("Event", "held")
    if names:
        return talks.held(body, names)
    # Calendars put this before the title of a meeting that was called off.
    return False if talks.NOT_HELD.match(text(body, "hs_meeting_title") or "") else None


def _call(body: Body, made: datetime, mapping: Mapping) -> dict[str, Any]:
    del mapping
    way = (text(body, "hs_call_direction") or "").casefold()
    return {
        "kind": ActivityKind.CALL,
        "at": first([moment(body, "hs_timestamp")], made),
        "direction": Direction(way) if way in set(Direction) else None,
        "held": _connected(body),
        "subject": text(body, "hs_call_title"),
        "text": html.text(text(body, "hs_call_body")),
    }


def _connected(body: Body) -> bool | None:
    disposition = (text(body, "hs_call_disposition") or "").casefold()
    if disposition in _DISPOSITIONS:
        return _DISPOSITIONS[disposition]
    status = (text(body, "hs_call_status") or "").upper()
    if status in _UNANSWERED:
        return False
    milliseconds = number(body, "hs_call_duration")
    long_enough = talks.connected(None if milliseconds is None else milliseconds / 1000)
    return None if long_enough and status != "COMPLETED" else long_enough


def _email(body: Body, made: datetime, mapping: Mapping) -> dict[str, Any]:
    del mapping
    way = _MAIL.get((text(body, "hs_email_direction") or "").upper())
    plain = text(body, "hs_email_text")
    return {
        "kind": ActivityKind.EMAIL,
        "at": first([moment(body, "hs_timestamp")], made),
        "direction": way,
        **({"with_customer": True} if way is Direction.INBOUND else {}),
        "subject": text(body, "hs_email_subject"),
        "text": html.text(text(body, "hs_email_html")) if plain is None else plain[: html.LIMIT],
    }


def _note(body: Body, made: datetime, mapping: Mapping) -> dict[str, Any]:
    del mapping
    return {
        "kind": ActivityKind.NOTE,
        "at": first([moment(body, "hs_timestamp")], made),
        "text": html.text(text(body, "hs_note_body")),
    }


def _task(body: Body, made: datetime, mapping: Mapping) -> dict[str, Any]:
    status = text(body, "hs_task_status")
    closed = mapping.closed(status)
    done = moment(body, "hs_task_completion_date") if closed else None
    return {
        "kind": ActivityKind.TASK,
        "known_at": max(made, done or made),
        "at": talks.took_place(moment(body, "hs_timestamp"), made, done),
        "subject": text(body, "hs_task_subject"),
        "text": html.text(text(body, "hs_task_body")),
        "waiting": mapping.waits(status),
    }


_READERS = {
    "meeting": _meeting,
    "call": _call,
    "email": _email,
    "note": _note,
    "task": _task,
}

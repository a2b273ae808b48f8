"""Our writes as HubSpot inputs.

Know before changing: every value is a string, and "" clears one, because null is refused. A task's
body is rich text, so ours is escaped and its lines are joined by breaks; read back it is the same
text. A task is due at a moment, so a due day becomes nine in the morning of the account's day.
``crmrules_opportunity`` says which opportunity a task is about even when the association is gone; a
private task says nothing of it, nor of its rule.

It sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from html import escape
from typing import Any

from crmrules import letters
from crmrules.connector import ChangeTask, CreateTask, SetFields, Write
from crmrules_hubspot.kinds import ABOUT, KEY, OUR_FIELDS, RULE, TASK_TO_DEAL

SUBJECT, BODY = 255, 60_000  # a text property holds 65,536 characters
_MORNING = time(9)
_STATUSES = {"open": "NOT_STARTED", "not started": "NOT_STARTED", "canceled": "COMPLETED"}
_STATUSES |= {"cancelled": "COMPLETED"}  # HubSpot's tasks know no cancelled one


def record_of(write: Write, zone: tzinfo) -> dict[str, Any]:
    """Return the input of a batch for one write; ``zone`` is the account's time zone."""
    if isinstance(write, CreateTask):
        return _new_task(write, zone)
    if isinstance(write, ChangeTask):
        return {"id": write.task_id, "properties": _changed(write.values, zone)}
    return {"id": write.opportunity, "properties": _fields(write)}


def _new_task(write: CreateTask, zone: tzinfo) -> dict[str, Any]:
    task = write.task
    made: dict[str, Any] = {
        "properties": {
            "hs_task_subject": letters.cut(task.subject, SUBJECT, "…"),
            "hs_task_body": html(task.body),
            "hs_timestamp": _due(task.due, zone),
            "hs_task_status": "NOT_STARTED",
            "hubspot_owner_id": task.owner,
            KEY: write.key,
        },
        "associations": [],  # the API asks for the key, also of a private task, which has none
        # One for each input, or one bad input fails the whole batch (hubspot.md, 2).
        "objectWriteTraceId": write.key,
    }
    if task.link:
        made["properties"][RULE] = task.rule
    if task.link and task.opportunity is not None:
        made["properties"][ABOUT] = task.opportunity
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TASK_TO_DEAL}
        made["associations"] = [{"to": {"id": task.opportunity}, "types": [kind]}]
    return made


def _changed(values: Mapping[str, Any], zone: tzinfo) -> dict[str, str]:
    made: dict[str, str] = {}
    if "due" in values:
        due = values["due"]
        made["hs_timestamp"] = _due(due, zone) if isinstance(due, date) else str(due)
    if "owner" in values:
        made["hubspot_owner_id"] = str(values["owner"])
    if "body" in values:
        made["hs_task_body"] = html(values["body"])
    if "status" in values:
        word = str(values["status"]).strip().lower()
        made["hs_task_status"] = _STATUSES.get(word, word.upper().replace(" ", "_"))
    return made


def _fields(write: SetFields) -> dict[str, str]:
    return {OUR_FIELDS[name]: _value(value) for name, value in write.values.items()}


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, list | tuple | set | frozenset):
        return ";".join(sorted(map(str, value)))
    return letters.cut(str(value), BODY, "…")


def html(text: str) -> str:
    """Return a text as rich text that shows the same lines; it is cut where that is too long."""
    length = BODY
    rich = _rich(letters.cut(text, length, "…"))
    while letters.size(rich) > BODY:  # "&" becomes five characters, a line end four
        length = min(length - 1, length * BODY // letters.size(rich))
        rich = _rich(letters.cut(text, length, "…"))
    return rich


def _rich(text: str) -> str:
    return "<br>".join(escape(line, quote=False) for line in text.splitlines())


def _due(day: date, zone: tzinfo) -> str:
    moment = datetime.combine(day, _MORNING, zone)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

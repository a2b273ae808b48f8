"""Our writes as Salesforce records, and our tasks as Salesforce shows them.

Know before changing: only the fields given in a write are in its record, because a field that is
sent is overwritten. ``Status`` is written, never ``IsClosed``, which follows from it. Texts are cut
to what the field holds: a text that is too long would be refused as a whole.

It sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from crmrules import letters
from crmrules.connector import ChangeTask, CreateTask, Row, SetFields, Write
from crmrules_salesforce.rights import KEY_FIELD, OUR_FIELDS, RULE_FIELD
from crmrules_salesforce.schema import Schema

SUBJECT, DESCRIPTION = 255, 32000  # Task fields, Object Reference v67
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
TASK_FIELDS = (
    *("Id", "IsDeleted", "Subject", "Description", "ActivityDate", "OwnerId", "Status"),
    *("IsClosed", "CompletedDateTime", "CreatedDate", "LastModifiedById", KEY_FIELD, RULE_FIELD),
)


def long_id(text: str) -> str | None:
    """Return an id in its form of 18 characters; None when it is no id.

    The last three characters say which of the others are capitals (Salesforce help 000385008).
    """
    if not re.fullmatch(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", text):
        return None
    suffix = ""
    for start in (0, 5, 10):
        bits = [letter.isupper() for letter in text[start : start + 5]]
        suffix += _ALPHABET[sum(1 << place for place, up in enumerate(bits) if up)]
    return text[:15] + suffix


def record_of(write: Write, schema: Schema) -> Mapping[str, Any]:
    """Return the record of one write."""
    if isinstance(write, CreateTask):
        return _new_task(write, schema)
    if isinstance(write, ChangeTask):
        return _changed_task(write, schema)
    return _fields(write, schema)


def _new_task(write: CreateTask, schema: Schema) -> dict[str, Any]:
    task = write.task
    record = {
        "attributes": {"type": "Task"},
        "Subject": _cut(task.subject, SUBJECT),
        "Description": _cut(task.body, DESCRIPTION),
        "ActivityDate": task.due.isoformat(),
        "OwnerId": task.owner,
        "Status": schema.statuses.open,
        "Priority": "Normal",
        KEY_FIELD: write.key,
    }
    if not task.link:
        return record  # private: neither the opportunity nor the rule may stand on it
    if task.opportunity is not None:
        record["WhatId"] = task.opportunity
    if schema.fields.get("Task", {}).get(RULE_FIELD, {}).get("createable"):
        record[RULE_FIELD] = task.rule
    return record


def _changed_task(write: ChangeTask, schema: Schema) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": "Task"}, "id": write.task_id}
    values = write.values
    if "due" in values:
        due = values["due"]
        record["ActivityDate"] = due.isoformat() if isinstance(due, date) else due
    if "owner" in values:
        record["OwnerId"] = values["owner"]
    if "body" in values:
        record["Description"] = _cut(values["body"], DESCRIPTION)
    if "status" in values:
        known = {"open": schema.statuses.open, "completed": schema.statuses.completed}
        status = values["status"]
        record["Status"] = known.get(str(status).lower(), status) or schema.statuses.completed
    return record


def _fields(write: SetFields, schema: Schema) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": "Opportunity"}, "id": write.opportunity}
    described = schema.fields.get("Opportunity", {})
    for name, value in write.values.items():
        field = OUR_FIELDS[name]
        length = int(described.get(field, {}).get("length") or DESCRIPTION)
        record[field] = _value(value, length)
    return record


def _value(value: Any, length: int) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, list | tuple | set | frozenset):
        return ";".join(sorted(map(str, value))) or None
    if isinstance(value, str):
        return _cut(value, length) or None
    return value


def _cut(text: str, length: int) -> str:
    return letters.cut(text, length, "…")


def task_row(record: Mapping[str, Any]) -> Row:
    """Return one of our tasks as a row; a private one belongs to no opportunity."""
    body = {name: value for name, value in record.items() if name != "attributes"}
    gone = bool(body.pop("IsDeleted", False))
    return Row("Task", record["Id"], "", record["CreatedDate"], body, gone=gone)

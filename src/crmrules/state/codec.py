"""Writes as JSON and back, for the outbox.

Dates and moments are tagged, so that a value comes back as what it was: a date that returned as
text would be sent to the CRM as text.

It knows the shapes of ``connector``, no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from crmrules.connector import ChangeTask, CreateTask, SetFields, TaskFields, Write
from crmrules.state.columns import damaged

_DAY, _MOMENT = "$day", "$moment"


def plain(value: Any) -> Any:
    """Return a value that JSON can hold, dates tagged, sets in order."""
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    if isinstance(value, date):
        return {_DAY: value.isoformat()}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(inner) for inner in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def rich(value: Any) -> Any:
    """Return what ``plain`` was given; tuples and sets come back as lists."""
    if isinstance(value, dict):
        if value.keys() == {_MOMENT}:
            return datetime.fromisoformat(value[_MOMENT])
        if value.keys() == {_DAY}:
            return date.fromisoformat(value[_DAY])
        return {name: rich(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [rich(inner) for inner in value]
    return value


def encode(write: Write) -> dict[str, Any]:
    """Return a write as JSON."""
    match write:
        case CreateTask():
            return {"create": write.key, "task": plain(asdict(write.task))}
        case ChangeTask():
            made = {"change": write.key, "task_id": write.task_id, "values": plain(write.values)}
            return made | ({"private": True} if write.private else {})
        case SetFields():
            return {"set": write.opportunity, "values": plain(write.values)}


def decode(data: Any) -> Write:
    """Return the write. Raises StateError where the stored text is none."""
    try:
        match data:
            case {"create": key, "task": task}:
                return CreateTask(key, TaskFields(**rich(task)))
            case {"change": key, "task_id": task_id, "values": values}:
                return ChangeTask(key, task_id, rich(values), bool(data.get("private")))
            case {"set": opportunity, "values": values}:
                return SetFields(opportunity, rich(values))
    except (TypeError, ValueError) as error:
        raise damaged("a write in the outbox cannot be read") from error
    raise damaged("a write in the outbox cannot be read")

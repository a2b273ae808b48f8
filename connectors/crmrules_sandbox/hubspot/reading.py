"""Records as answers: the properties asked for, their history, dates the way a switch says.

Know before changing: a property nobody defined is left out of an answer without a word, one that
was never set is null. Archived records say so; a record that answers for a merged one has its own
id.

Does not do: find records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.calculated import modified, value_of
from crmrules_sandbox.hubspot.records import Record, Version
from crmrules_sandbox.hubspot.schema import always_read, read_by_default, singular
from crmrules_sandbox.hubspot.values import milliseconds, moment, stamp

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

MOST, MOST_WITH_HISTORY = 100, 50


def shown(
    portal: Portal,
    record: Record,
    names: Sequence[str] = (),
    history: Sequence[str] = (),
    at: datetime | None = None,
) -> dict[str, Any]:
    """Return a record as answers give it; ``at`` is the moment whose state is told."""
    asked = (*names, *history, *always_read(record.type)) if names or history else ()
    told = {
        name: _written(portal, record.type, name, value_of(portal, record, name, at))
        for name in sorted(set(asked or read_by_default(record.type)))
        if _known(portal, record.type, name)
    }
    answer: dict[str, Any] = {"id": record.id, "properties": told}
    if history:
        known = (name for name in sorted(set(history)) if _known(portal, record.type, name))
        found = {name: _versions(portal, record, name) for name in known}
        keep = portal.quirks.empty_history
        answer["propertiesWithHistory"] = {n: v for n, v in found.items() if v or keep}
    answer["createdAt"] = stamp(record.created)
    answer["updatedAt"] = stamp(modified(record, at))
    answer["archived"] = record.archived_at is not None
    if record.archived_at is not None:
        answer["archivedAt"] = stamp(record.archived_at)
    return answer


def written(portal: Portal, record: Record, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a record as the answer to a write gives it: what was told and what was worked out.

    A property that was cleared is "" here, though later reads say null (recorded).
    """
    plain = {"hs_object_source", "hs_object_source_id", "hs_object_source_label"}
    answer = shown(portal, record, sorted({*texts, *(plain & set(record.history))}))
    for name, text in texts.items():
        if answer["properties"].get(name, "") is None:
            answer["properties"][name] = text
    return answer


def associations(portal: Portal, record: Record, types: Iterable[str]) -> dict[str, Any]:
    """Return the associations of a single or listed record, by the plural name of the type."""
    told = {}
    for to_type in types:
        results = []
        for to_id, link in portal.live_links(record.type, record.id, to_type).items():
            base = f"{singular(record.type)}_to_{singular(to_type)}"
            names = [base, *(["primary"] if link.primary else [])]
            results += [{"id": to_id, "type": name} for name in names]
        if results:
            told[to_type.replace("_", " ")] = {"results": results}
    return {"associations": told} if told else {}


def _known(portal: Portal, kind: str, name: str) -> bool:
    found = portal.definitions[kind].get(name)
    return found is not None and not found["archived"]


def _written(portal: Portal, kind: str, name: str, value: str | None) -> str | None:
    if value is None or (value == "" and portal.quirks.cleared_is_null):
        return None
    if not value or not (portal.quirks.epoch_dates or portal.quirks.short_dates):
        return value
    if portal.definitions[kind][name]["type"] not in ("date", "datetime"):
        return value
    if (found := moment(value)) is None:
        return value
    if portal.quirks.epoch_dates:
        return str(milliseconds(found))
    return stamp(found).replace(".000Z", "Z")


def _versions(portal: Portal, record: Record, name: str) -> list[dict[str, Any]]:
    versions = record.history.get(name) or _worked_out(portal, record, name)
    return [_version(each) for each in reversed(versions)]


def _worked_out(portal: Portal, record: Record, name: str) -> list[Version]:
    value = value_of(portal, record, name)
    return [] if value is None else [Version(value, record.updated, "CALCULATED")]


def _version(version: Version) -> dict[str, Any]:
    told: dict[str, Any] = {
        "value": version.value,
        "timestamp": stamp(version.at),
        "sourceType": version.source_type,
    }
    if version.source_id:
        told["sourceId"] = version.source_id
    if version.user_id is not None:
        told["updatedByUserId"] = version.user_id
    return told

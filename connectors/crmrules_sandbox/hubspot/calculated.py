"""Values HubSpot works out itself, and any value as it was at a moment.

Know before changing: what is in ``_ALWAYS`` is worked out whatever was loaded; what is in ``_ELSE``
only where nothing was. None of it has a stamp: a calculated value changes without the record's
modification date moving, which is the trap it sets for clients.

Does not do: read anything a client asked for in the client's words (``reading``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from crmrules_sandbox.hubspot.records import Record, Version
from crmrules_sandbox.hubspot.stage_values import is_won, stage_of, time_value
from crmrules_sandbox.hubspot.values import moment, stamp

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

Work = Callable[["Portal", Record, datetime | None], str | None]


def value_of(portal: Portal, record: Record, name: str, at: datetime | None = None) -> str | None:
    """Return a property's value, now or as it was at a moment; None if it was never set."""
    if (work := _ALWAYS.get(name)) is not None:
        return work(portal, record, at)
    version = version_of(record, name, at)
    if version is not None:
        return version.value
    if (work := _ELSE.get((record.type, name)) or _ELSE.get(("", name))) is not None:
        return work(portal, record, at)
    return time_value(record, name) if record.type == "deals" else None


def version_of(record: Record, name: str, at: datetime | None = None) -> Version | None:
    """Return the version of a property that was the last one, now or at a moment."""
    versions = record.history.get(name) or ()
    if at is None or not versions or versions[-1].at <= at:
        return versions[-1] if versions else None
    return next((each for each in reversed(versions) if each.at <= at), None)


def modified(record: Record, at: datetime | None = None) -> datetime:
    """Return when a record was last changed, as far as was known at a moment."""
    if at is None or record.updated <= at:
        return record.updated
    stamps = (version.at for versions in record.history.values() for version in versions)
    return max((each for each in stamps if each <= at), default=record.created)


def _stage_fact(fact: Callable[[Portal, str | None], bool]) -> Work:
    def work(portal: Portal, record: Record, at: datetime | None) -> str | None:
        if record.type != "deals":
            return None
        version = version_of(record, "dealstage", at)
        return str(fact(portal, None if version is None else version.value)).lower()

    return work


def _is_closed(portal: Portal, stage_id: str | None) -> bool:
    stage = stage_of(portal, stage_id)
    return stage is not None and stage.closed


def _is_lost(portal: Portal, stage_id: str | None) -> bool:
    stage = stage_of(portal, stage_id)
    return stage is not None and stage.closed and not is_won(stage)


def _probability(portal: Portal, record: Record, at: datetime | None) -> str | None:
    version = version_of(record, "dealstage", at)
    stage = stage_of(portal, None if version is None else version.value)
    return None if stage is None else stage.probability


def _changed(name: str) -> Work:
    def work(_: Portal, record: Record, at: datetime | None) -> str | None:
        version = version_of(record, name, at)
        return None if version is None else stamp(version.at)

    return work


def _merged(portal: Portal, record: Record, _: datetime | None) -> str | None:
    return ";".join(portal.store.merged.get((record.type, record.id), ())) or None


def _count(to_type: str) -> Work:
    def work(portal: Portal, record: Record, _: datetime | None) -> str:
        return str(len(portal.linked(record.type, record.id, to_type)))

    return work


def _moments(portal: Portal, record: Record, types: tuple[str, ...]) -> Iterator[datetime]:
    for kind in types:
        for each in portal.linked(record.type, record.id, kind):
            found = moment(value_of(portal, portal.store.tables[kind][each], "hs_timestamp") or "")
            if found is not None:
                yield found


def _last_contacted(portal: Portal, record: Record, at: datetime | None) -> str | None:
    now = at or portal.now()
    past = [e for e in _moments(portal, record, ("calls", "meetings", "emails")) if e <= now]
    return stamp(max(past)) if past else None


def _next(*types: str) -> Work:
    def work(portal: Portal, record: Record, at: datetime | None) -> str | None:
        now = at or portal.now()
        ahead = [each for each in _moments(portal, record, types) if each > now]
        return stamp(min(ahead)) if ahead else None

    return work


def _completed(_: Portal, record: Record, at: datetime | None) -> str:
    version = version_of(record, "hs_task_status", at)
    return str(int(version is not None and version.value == "COMPLETED"))


def _net(_: Portal, record: Record, at: datetime | None) -> str | None:
    def number(name: str) -> Decimal:
        version = version_of(record, name, at)
        return Decimal((version.value if version else "") or 0)

    if not record.history.get("price"):
        return None
    gross = (number("price") - number("discount")) * (number("quantity") or 1)
    return str(gross * (1 - number("hs_discount_percentage") / 100))


_ALWAYS: Mapping[str, Work] = {
    "hs_object_id": lambda _, record, __: record.id,
    "hs_lastmodifieddate": lambda _, record, at: stamp(modified(record, at)),
    "lastmodifieddate": lambda _, record, at: stamp(modified(record, at)),
    "hs_merged_object_ids": _merged,
    "hs_is_closed": _stage_fact(_is_closed),
    "hs_is_closed_won": _stage_fact(lambda portal, each: is_won(stage_of(portal, each))),
    "hs_is_closed_lost": _stage_fact(_is_lost),
}
_ELSE: Mapping[tuple[str, str], Work] = {
    ("", "createdate"): lambda _, record, __: stamp(record.created),
    ("", "hs_createdate"): lambda _, record, __: stamp(record.created),
    ("", "hubspot_owner_assigneddate"): _changed("hubspot_owner_id"),
    ("", "notes_last_contacted"): _last_contacted,
    ("", "notes_next_activity_date"): _next("calls", "meetings", "tasks"),
    ("", "hs_next_meeting_start_time"): _next("meetings"),
    ("", "num_associated_contacts"): _count("contacts"),
    ("", "num_associated_deals"): _count("deals"),
    ("", "hs_num_associated_deals"): _count("deals"),
    ("deals", "hs_deal_stage_probability"): _probability,
    ("deals", "hs_next_step_updated_at"): _changed("hs_next_step"),
    ("deals", "hs_v2_date_entered_current_stage"): _changed("dealstage"),
    ("tasks", "hs_task_is_completed"): _completed,
    ("line_items", "amount"): _net,
}

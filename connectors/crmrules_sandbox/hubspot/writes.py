"""The checks of a write, and what a write does.

Know before changing: ``check`` changes nothing and looks at everything, so a batch can be checked
as a whole before anything is stored; values a batch claims for itself go through ``claimed``. The
app may not write read-only properties; a person's client may fill those that are not calculated.
A write moves the record's stamp even if every value was there already.

Does not do: associations (``linking``), batches (``batches``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmrules_sandbox.hubspot.calculated import value_of
from crmrules_sandbox.hubspot.failure import bad_json, invalid_values, not_set
from crmrules_sandbox.hubspot.records import Record, Version
from crmrules_sandbox.hubspot.schema import ACTIVITIES, TYPE_IDS, singular
from crmrules_sandbox.hubspot.stage_values import problem_of
from crmrules_sandbox.hubspot.values import Problem, fit, stamp

if TYPE_CHECKING:
    from crmrules_sandbox.hubspot.portal import Portal

Claims = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: ``INTEGRATION`` and an app id, or ``CRM_UI`` and ``userId:<n>``."""

    source_type: str
    source_id: str
    user_id: int | None = None

    @property
    def is_app(self) -> bool:
        """Whether the write comes through the API."""
        return self.source_type == "INTEGRATION"


def check(
    portal: Portal,
    kind: str,
    values: Any,
    record: Record | None,
    author: Author,
    claimed: Claims | None = None,
) -> dict[str, str]:
    """Return the texts to store; raises ApiError for the first kind of problem there is."""
    if not isinstance(values, Mapping):
        raise bad_json("Some required fields were not set: [properties]")
    for name, value in values.items():
        if value is None:
            raise bad_json(f"null value in entry: {name}=null")
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for name, value in values.items():
        try:
            texts[name] = _one(portal, kind, name, value, author)
        except ValueError as error:
            problems.append((name, error.args[0], error.args[1]))
    if not problems:
        problems += _whole(portal, kind, texts, record, author, claimed)
    if problems:
        raise invalid_values(problems)
    if record is None and kind in ACTIVITIES and not texts.get("hs_timestamp"):
        raise not_set(singular(kind).upper(), ["hs_timestamp"])
    if claimed is not None:
        claimed |= {(n, v.casefold()) for n, v in texts.items() if n in portal.store.unique[kind]}
    return texts


def _one(portal: Portal, kind: str, name: str, value: Any, author: Author) -> str:
    definition = portal.definitions[kind].get(name)
    if definition is None or definition["archived"]:
        raise ValueError("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition["calculated"] or (
        author.is_app and definition["modificationMetadata"]["readOnlyValue"]
    ):
        message = f'"{name}" is a read only property; its value cannot be set.'
        raise ValueError("READ_ONLY_VALUE", message)
    return fit(definition, value)


def _whole(
    portal: Portal,
    kind: str,
    texts: Mapping[str, str],
    record: Record | None,
    author: Author,
    claimed: Claims | None,
) -> Iterator[Problem]:
    if owner_id := texts.get("hubspot_owner_id"):
        owner = portal.owner(owner_id)
        if owner is None:
            yield "hubspot_owner_id", "INVALID_OWNER_ID", f"Owner {owner_id} does not exist"
        elif owner.archived:
            message = f"Owner {owner_id} is deactivated and cannot be assigned"
            yield "hubspot_owner_id", "INACTIVE_OWNER_OR_USER", message
    if kind == "deals" and (problem := problem_of(portal, texts, record)) is not None:
        yield problem
    yield from _taken(portal, kind, texts, record, claimed or set())
    if author.is_app and record is not None:
        for (required_kind, name), ids in portal.required.items():
            if required_kind == kind and record.id in ids:
                left = texts[name] if name in texts else value_of(portal, record, name)
                if not left:
                    message = f'Property "{name}" is required by a rule of this account'
                    yield name, "REQUIRED_FIELD", message


def _taken(
    portal: Portal, kind: str, texts: Mapping[str, str], record: Record | None, claimed: Claims
) -> Iterator[Problem]:
    for name in portal.store.unique[kind] & set(texts):
        value = texts[name]
        if not value:
            continue
        blocking = portal.quirks.archived_keys_block
        holder = next(
            (
                other
                for other in portal.store.holders(kind, name, value)
                if other.merged_into is None
                and (blocking or other.archived_at is None)
                and (record is None or other.id != record.id)
            ),
            None,
        )
        if holder is None and (name, value.casefold()) not in claimed:
            continue
        where = (
            f"PropertyValueCoordinates{{portalId={portal.portal_id}, "
            f"objectTypeId={TYPE_IDS[kind]}, propertyName={name}, value={value}}}"
        )
        other_id = "" if holder is None else f" {holder.id}"
        message = f"Cannot set {where}. Object{other_id} already has that value."
        yield name, "CONFLICTING_UNIQUE_VALUE", message


def make(portal: Portal, kind: str, texts: Mapping[str, str], author: Author) -> Record:
    """Store a new record of checked values."""
    now = portal.now()
    record = Record(kind, portal.store.new_id(kind), now, now, {})
    portal.store.place(record)
    told = {
        "hs_object_source": author.source_type,
        "hs_object_source_id": author.source_id,
        "hs_object_source_label": author.source_type,
    }
    _write(portal, record, {**texts, **told}, author)
    return record


def change(portal: Portal, record: Record, texts: Mapping[str, str], author: Author) -> None:
    """Store checked values in a record; nothing told changes nothing, not even the stamp."""
    if texts:
        _write(portal, record, texts, author)
        record.updated = max(record.updated, portal.now())
        portal.store.revision += 1


def _write(portal: Portal, record: Record, texts: Mapping[str, str], author: Author) -> None:
    now = portal.now()
    completed = _completion(portal, record, texts)
    for name, text in {**texts, **completed}.items():
        versions = record.history.get(name)
        old = versions[-1].value if versions else ""
        if text != old:
            version = Version(text, now, author.source_type, author.source_id, author.user_id)
            portal.store.set_value(record, name, version)


def _completion(portal: Portal, record: Record, texts: Mapping[str, str]) -> dict[str, str]:
    """Return when a task was completed, if its status says so anew, or clear it."""
    status = texts.get("hs_task_status") if record.type == "tasks" else None
    if status is None or status == value_of(portal, record, "hs_task_status"):
        return {}
    return {"hs_task_completion_date": stamp(portal.now()) if status == "COMPLETED" else ""}

"""Insert, update and upsert of one record, with the checks Salesforce makes.

Know before changing: the caller holds ``org.lock`` and owns the transaction. The order of checks
decides which error a client sees: rights, then fields, then values, then required fields, then
references, then locks, then unique keys. Nothing is stored unless all pass. Messages follow the
recorded responses and published error texts; where neither exists the code is what counts.

Does not do: deletion (``deletes``), collections and their 200 records (``bulk``), HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from crmrules_sandbox.salesforce import derive
from crmrules_sandbox.salesforce.failure import ApiError, no_access, no_such_column, not_found
from crmrules_sandbox.salesforce.ids import checksum, is_sfid
from crmrules_sandbox.salesforce.schema import Field, SObject
from crmrules_sandbox.salesforce.store import Row
from crmrules_sandbox.salesforce.values import stamp, stored

if TYPE_CHECKING:
    from crmrules_sandbox.salesforce.org import Org, View

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"Task": {"Priority": "Normal"}}


class Upserted(NamedTuple):
    """The record an upsert met or made."""

    record_id: str
    created: bool


def full_id(value: str) -> str | None:
    """Return the 18-character form of an id of 15 or 18 characters; None if it is no id."""
    if len(value) == 15 and value.isalnum():
        return value + checksum(value)
    return value if is_sfid(value) else None


def object_for_write(view: View, name: str, right: str) -> SObject:
    """Return the object; raises ApiError if it does not exist or the right is missing."""
    sobject = view.sobject(name)
    if sobject is None:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.", [])
    flags = {"create": sobject.createable, "edit": sobject.updateable, "delete": sobject.deletable}
    if not flags[right] or not view.access.may(right, sobject.name):
        raise no_access()
    return sobject


def insert(view: View, name: str, values: Mapping[str, Any]) -> str:
    """Create a record and return its id. Raises ApiError."""
    org, sobject = view.org, object_for_write(view, name, "create")
    changes = _changes(view, sobject, values, "create")
    _complete(org, sobject, changes, view.user_id)
    missing = [f.name for f in sobject.fields.values() if _required(f) and not _has(changes, f)]
    if missing:
        raise _missing(missing)
    _check_references(view, sobject, changes, {})
    now = stamp(org.now())
    row: Row = {"Id": org.store.new_id(sobject.name), **changes}
    row.update(_stamps(sobject, now, view.user_id, new=True))
    derive.fill(org, sobject.name, {}, row)
    org.store.put(sobject.name, row)
    derive.follow_up(org, sobject.name, {}, row, view.user_id)
    return str(row["Id"])


def update(view: View, name: str, record_id: str, values: Mapping[str, Any]) -> str:
    """Change a record and return its 18-character id. Raises ApiError."""
    org, sobject = view.org, object_for_write(view, name, "edit")
    old = living(view, sobject, record_id)
    changes = _changes(view, sobject, values, "edit")
    cleared = [
        key for key, value in changes.items() if value is None and not sobject.fields[key].nillable
    ]
    if cleared:
        raise _missing(cleared)
    _check_references(view, sobject, changes, old)
    org.meet_locks(old["Id"])
    row: Row = {**old, **changes}
    row.update(_stamps(sobject, stamp(org.now()), view.user_id, new=False))
    derive.fill(org, sobject.name, old, row)
    org.store.put(sobject.name, row)
    derive.follow_up(org, sobject.name, old, row, view.user_id)
    return str(row["Id"])


def key_field(view: View, sobject: SObject, name: str) -> Field:
    """Return the field an upsert or a read may use as a key; raises ApiError NOT_FOUND."""
    field = _field(sobject, name)
    usable = field is not None and (
        field.name == "Id"
        or ((field.external_id or field.id_lookup) and _seen(view, sobject, field))
    )
    if field is None or not usable:
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise not_found(message)
    return field


def matches(view: View, sobject: SObject, field: Field, value: str) -> list[str]:
    """Return the ids of the living records with that key."""
    table = view.org.store.tables[sobject.name]
    if field.name == "Id":
        found = [full_id(value) or ""]
    elif field.unique:
        found = [view.org.store.find(sobject.name, field, value) or ""]
    else:
        wanted = value if field.case_sensitive else value.casefold()
        found = [
            key
            for key, row in table.items()
            if wanted == (v := str(row.get(field.name))) or wanted == v.casefold()
        ]
    return [key for key in found if key in table and not table[key].get("IsDeleted")]


def upsert(
    view: View, name: str, key: Field, value: str | None, values: Mapping[str, Any]
) -> Upserted:
    """Update the record with that key, or create it. Raises ApiError.

    Several records with the key raise DUPLICATE_EXTERNAL_ID with status 300.
    """
    sobject = object_for_write(view, name, "create" if value is None else "edit")
    rest = {k: v for k, v in values.items() if k.casefold() != key.name.casefold()}
    if value is None:
        if key.name == "Id":
            return Upserted(insert(view, sobject.name, rest), created=True)
        raise ApiError(400, "MISSING_ARGUMENT", f"{key.name} not specified", [])
    found = matches(view, sobject, key, value)
    if len(found) > 1:
        ids = ", ".join(item[:15] for item in found)
        message = f"{key.name}: more than one record found for external id field: [{ids}]"
        raise ApiError(300, "DUPLICATE_EXTERNAL_ID", message, [key.name])
    if found:
        return Upserted(update(view, sobject.name, found[0], rest), created=False)
    if key.name == "Id":
        raise _bad_reference()
    return Upserted(insert(view, sobject.name, {**rest, key.name: value}), created=True)


def living(view: View, sobject: SObject, record_id: str) -> Mapping[str, Any]:
    """Return a row that is not deleted; raises ApiError ENTITY_IS_DELETED or a bad reference."""
    row = view.get(sobject.name, full_id(record_id) or "")
    if row is None:
        if any(d.record_id == full_id(record_id) for d in view.org.store.deletions):
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
        raise _bad_reference()
    if row.get("IsDeleted"):
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    return row


def _field(sobject: SObject, name: str) -> Field | None:
    if (found := sobject.fields.get(name)) is not None:
        return found
    wanted = name.casefold()
    return next((f for key, f in sobject.fields.items() if key.casefold() == wanted), None)


def _seen(view: View, sobject: SObject, field: Field) -> bool:
    return field.name in view.visible(sobject.name)


def _changes(view: View, sobject: SObject, values: Mapping[str, Any], right: str) -> Row:
    """Return the checked values by field name."""
    changes: Row = {}
    for name, value in values.items():
        if name == "attributes" or (name.casefold() == "id" and right == "edit"):
            continue
        field = _field(sobject, name)
        if field is None or not _seen(view, sobject, field):
            raise no_such_column(name, sobject.name)
        writable = field.createable if right == "create" else field.updateable
        if not writable or not view.editable(sobject.name, field.name):
            message = (
                f"Unable to create/update fields: {field.name}. Please check the security settings"
                " of this field and verify that it is read/write for your profile or permission"
                " set."
            )
            raise ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [field.name])
        changes[field.name] = stored(field, value)
    return changes


def _complete(org: Org, sobject: SObject, changes: Row, user_id: str) -> None:
    """Add what a new record gets when the client leaves it out."""
    for field in sobject.fields.values():
        if field.type == "boolean":
            changes.setdefault(field.name, False)
    if "OwnerId" in sobject.fields and changes.get("OwnerId") is None:
        changes["OwnerId"] = user_id
    if sobject.name == "Task" and changes.get("Status") is None:
        rows = org.store.tables["TaskStatus"].values()
        changes["Status"] = next((r["ApiName"] for r in rows if r.get("IsDefault")), None)
    for name, value in _DEFAULTS.get(sobject.name, {}).items():
        if changes.get(name) is None:
            changes[name] = value


def _required(field: Field) -> bool:
    needed = not field.nillable and field.createable
    return needed and not field.defaulted and field.type != "boolean"


def _has(changes: Mapping[str, Any], field: Field) -> bool:
    return changes.get(field.name) is not None


def _missing(names: list[str]) -> ApiError:
    message = f"Required fields are missing: [{', '.join(names)}]"
    return ApiError(400, "REQUIRED_FIELD_MISSING", message, names)


def _bad_reference() -> ApiError:
    return ApiError(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])


def _stamps(sobject: SObject, now: str, user_id: str, *, new: bool) -> Row:
    found: Row = {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": user_id}
    if new:
        found.update(CreatedDate=now, CreatedById=user_id)
    return {key: value for key, value in found.items() if key in sobject.fields}


def _check_references(view: View, sobject: SObject, changes: Row, old: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        field = sobject.fields[name]
        if field.type != "reference" or value is None:
            continue
        target_id = full_id(value)
        target = view.org.sobject_of(value)
        if target_id is None or (target is not None and target not in field.reference_to):
            message = f"{field.label}: id value of incorrect type: {value}"
            raise ApiError(400, "MALFORMED_ID", message, [name])
        changes[name] = target_id
        if target is None or target_id == old.get(name):
            continue  # an object the sandbox does not have, or nothing new
        _check_target(view, sobject, name, target, target_id)


def _check_target(view: View, sobject: SObject, name: str, target: str, target_id: str) -> None:
    row = view.get(target, target_id)
    if row is None:
        raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if row.get("IsDeleted"):
        raise ApiError(400, "ENTITY_IS_DELETED", "entity is deleted", [])
    if name == "OwnerId" and target == "User" and not row.get("IsActive"):
        message = (
            f"operation performed with inactive user [{target_id[:15]}] as owner of"
            f" {sobject.name.lower()}"
        )
        raise ApiError(400, "INACTIVE_OWNER_OR_USER", message, [])
    if name == "WhatId":
        # Writing an activity touches the record it is about, so that record's lock counts.
        view.org.meet_locks(target_id, parent=True)

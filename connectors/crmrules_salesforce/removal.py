"""Find everything of ours in an org, and take it away.

Know before changing: tasks go before the field by which they are found, and views and reports
before the fields they show, because Salesforce refuses to delete a field in use. Permission sets go
last: with them goes the right to see the key. A permission set that somebody has cannot be deleted,
so it is taken from everybody first. Deleting what is gone already is no error, so all of it may be
sent again. A field that is deployed away takes its values along; no record is touched for that.

It decides nothing about what to keep: it removes exactly what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import groupby
from typing import Any

from crmrules.errors import AccessError, ConnectorError, UsageError
from crmrules.provisioning import Known, Ours, Step
from crmrules_salesforce.compare import describes, difference
from crmrules_salesforce.errors import outcome
from crmrules_salesforce.http import Transport
from crmrules_salesforce.metadata import MetadataApi
from crmrules_salesforce.package import NS, Component, Element, components, deletion
from crmrules_salesforce.records import long_id
from crmrules_salesforce.rights import KEY_FIELD
from crmrules_salesforce.scope import quoted
from crmrules_salesforce.setup import Setup, text_of

STAYS = (
    "The recycle bin keeps the tasks for 15 days, and Setup the deleted fields.",
    "The external client app and the integration user: delete or deactivate them in Setup.",
)
KEY = f"Activity.{KEY_FIELD}"
_AT_ONCE, _IDS = 200, 300
_LOCKED, _TRIES = "UNABLE_TO_LOCK_ROW", 3
_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})
_PARTS = ("force-app", "quotes", "views", "reports")
_STAGES = (
    *("Dashboard", "Report", "DashboardFolder", "ReportFolder", "ReportType", "ListView"),
    *("Layout", "CustomField", "PermissionSet"),
)
"""Kinds of components in the order in which they can go."""
_TASK = "Id, Subject, Description, ActivityDate, OwnerId, Status, CreatedById, LastModifiedById"
_LABELS = tuple(NS + tag for tag in ("label", "name", "title"))
_ONLY_PEOPLE = "CrmRules_Focus__c"
_HIDDEN = (
    "assign yourself the permission set 'CRM Rules Integration' (Setup, Permission Sets, Manage "
    "Assignments), then run this again: it is taken from everybody at the end"
)
_IN_USE = "take it out of what uses it (Salesforce names it), then run unprovision again"


class Removal:
    """Lists and removes what is ours in one org; ``removed`` is what is gone so far.

    ``as_sync`` signs in as the sync does: it sees our fields, which an administrator may not.
    """

    def __init__(
        self,
        transport: Transport,
        api: MetadataApi,
        setup: Setup,
        *,
        as_sync: Callable[[], Transport],
    ) -> None:
        self._transport, self._api, self._setup = transport, api, setup
        self._as_sync = as_sync
        self._sync: Setup | None = None
        self.removed: list[Ours] = []

    def ours(self, known: Sequence[Known]) -> list[Ours]:
        """Return everything of ours that is there, in the order in which it can go.

        Raises AccessError where the key field exists, but this user does not see it.
        """
        wanted = sorted(
            (one for part in _PARTS for one in components(part)),
            key=lambda one: (_STAGES.index(one.kind), one.name == KEY),
        )
        found = self._setup.find(wanted)
        things = [
            self._thing(one, found[one.kind, one.name])
            for one in wanted
            if (one.kind, one.name) in found and _is_ours(one, found[one.kind, one.name])
        ]
        return [*self._tasks(known, keyed=("CustomField", KEY) in found), *things]

    def remove(self, things: Sequence[Ours]) -> list[Step]:
        """Remove these; return one step each, in the same order."""
        steps: list[Step] = []
        for kind, group in groupby(things, key=_kind):
            listed = list(group)
            if kind == "Task":
                refused = self._delete([one.name for one in listed])
            else:
                refused = self._undeploy(kind, listed)
            for one in listed:
                reason = refused.get(one.name)
                if reason is None:
                    self.removed.append(one)
                    steps.append(Step("remove", one.object, one.name, one.label))
                else:
                    steps.append(Step("refused", one.object, one.name, *reason))
        return steps

    # -- looking ----------------------------------------------------------------------------------
    def _tasks(self, known: Sequence[Known], *, keyed: bool) -> Iterator[Ours]:
        """Yield our tasks: those with our key, and those the state knows that have none."""
        eyes = (one for one in self._eyes() if KEY_FIELD in one.fields_of("Task"))
        seeing = next(eyes, None) if keyed else None
        if keyed and seeing is None:
            raise AccessError(
                f"Task.{KEY_FIELD} is hidden from this user and from the sync's, so our tasks "
                "cannot be found",
                remedy=_HIDDEN,
            )
        setup, visible = seeing or self._setup, seeing is not None
        memory = {long_id(one.task_id) or one.task_id: one for one in known}
        select = f"SELECT {_TASK}{f', {KEY_FIELD}' if visible else ''} FROM Task WHERE "  # noqa: S608 - our own names # nosec B608
        rows = _rows(setup, select + f"{KEY_FIELD} != null") if visible else []
        seen = {str(row["Id"]) for row in rows}
        rest = [each for each in memory if each not in seen]
        for start in range(0, len(rest), _IDS):
            rows += _rows(setup, select + f"Id IN ({quoted(rest[start : start + _IDS])})")
        for row in rows:
            yield _task(row, memory.get(str(row["Id"])), keyless=visible and not row[KEY_FIELD])

    def _thing(self, one: Component, found: Element) -> Ours:
        label = next(filter(None, map(found.findtext, _LABELS)), one.name)
        if one.kind == "CustomField":
            owner, _, name = one.name.partition(".")
            filled = self._filled(owner, name)
            detail = describes(found)
            if filled:
                detail += f"; value on {filled} {owner} record(s)"
            edited = name == _ONLY_PEOPLE and filled != 0
            return Ours("field", owner, name, label, detail, edited=edited)
        if one.kind == "PermissionSet":
            holders = self._setup.holders(one.name)
            detail = f"taken from {', '.join(holders)}" if holders else "nobody has it"
            return Ours("permission_set", one.kind, one.name, label, detail)
        return Ours("component", one.kind, one.name, label)

    def _filled(self, owner: str, name: str) -> int | None:
        """Return on how many records a field has a value; None where that cannot be told."""
        if owner == "Activity":
            return None
        for setup in self._eyes():
            if setup.fields_of(owner).get(name, {}).get("filterable"):
                try:
                    return setup.count(owner, f"{name} != null")
                except ConnectorError:
                    return None  # a large org may take too long to count
        return None

    def _eyes(self) -> Iterator[Setup]:
        """Yield the ways to look at records: the administrator's, then the sync's if it signs in.

        Both may see the same records, but not the same fields.
        """
        yield self._setup
        if self._sync is None:
            with suppress(AccessError, UsageError):
                setup = Setup(self._as_sync(), self._api, looking=True)
                setup.fields_of("Task")
                self._sync = setup
        if self._sync is not None:
            yield self._sync

    # -- removing ---------------------------------------------------------------------------------
    def _delete(self, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Delete records, two hundred at a time; return why not, by id."""
        refused: dict[str, tuple[str, str]] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = list(ids[start : start + _AT_ONCE])
            for attempt in range(1, _TRIES + 1):
                failed = self._delete_once(part)
                part = [each for each, (code, _) in failed.items() if code == _LOCKED]
                if not part or attempt == _TRIES:
                    break
                self._transport.pause(attempt)
            for each, (code, message) in failed.items():
                told = outcome(code, message)
                refused[each] = (told.error or code, told.remedy or _IN_USE)
        return refused

    def _delete_once(self, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Delete up to 200 records; safe to repeat, since what is gone counts as deleted."""
        path = f"composite/sobjects?ids={','.join(ids)}&allOrNone=false"
        failed: dict[str, tuple[str, str]] = {}
        for each, result in zip(ids, self._transport.read("DELETE", path), strict=True):
            errors = [] if result.get("success") else result.get("errors") or [{}]
            for error in errors:
                code = str(error.get("statusCode") or "UNKNOWN_EXCEPTION")
                if code not in _GONE:
                    failed[each] = (code, str(error.get("message") or ""))
        return failed

    def _undeploy(self, kind: str, things: Sequence[Ours]) -> dict[str, tuple[str, str]]:
        """Delete components of one kind; return why not, by name.

        A deployment is undone as a whole by one refusal, so it is sent again without the refused.
        """
        refused: dict[str, tuple[str, str]] = {}
        if kind == "PermissionSet":
            self._take_away([one.name for one in things])
        left = {_full_name(one): one.name for one in things}
        while left:
            failures = self._api.deploy(
                deletion([(kind, name) for name in left], self._api.version)
            )
            named = {one.name: one.problem for one in failures if one.name in left}
            if failures and not named:
                raise ConnectorError(
                    "; ".join(f"{one.kind} {one.name}: {one.problem}" for one in failures),
                    remedy="act on Salesforce's words, then run unprovision again",
                )
            if not failures:
                break
            refused |= {left.pop(name): (problem, _IN_USE) for name, problem in named.items()}
        return refused

    def _take_away(self, permission_sets: Sequence[str]) -> None:
        names = ", ".join(text_of(name) for name in permission_sets)
        rows = self._setup.records(
            f"SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name IN ({names})"  # noqa: S608 - our own names # nosec B608
        )
        refused = self._delete([str(row["Id"]) for row in rows])
        if refused:
            error, remedy = next(iter(refused.values()))
            raise ConnectorError(
                f"the permission set could not be taken from everybody: {error}", remedy=remedy
            )


def _rows(setup: Setup, soql: str) -> list[Mapping[str, Any]]:
    """Return the tasks of a query, archived ones too, but none from the recycle bin."""
    return setup.records(f"{soql} AND IsDeleted = false", all_rows=True)


def _is_ours(wanted: Component, found: Element) -> bool:
    """Return whether a component of our name is ours, and no field of another kind."""
    return difference(wanted, found).step.action != "conflict"


def _kind(thing: Ours) -> str:
    return {"task": "Task", "field": "CustomField"}.get(thing.kind, thing.object)


def _full_name(thing: Ours) -> str:
    return f"{thing.object}.{thing.name}" if thing.kind == "field" else thing.name


def _task(row: Mapping[str, Any], known: Known | None, *, keyless: bool) -> Ours:
    touched = row["LastModifiedById"] != row["CreatedById"]
    edited = keyless or (touched and not _as_left(row, known))
    label, status = str(row.get("Subject") or ""), str(row.get("Status") or "")
    return Ours("task", "Task", str(row["Id"]), label, status, edited=edited)


def _as_left(row: Mapping[str, Any], known: Known | None) -> bool:
    """Return whether a task that somebody touched still says what we wrote; False: cannot tell."""
    if known is None or known.values is None:
        return False
    columns = {
        "subject": "Subject",
        "body": "Description",
        "due": "ActivityDate",
        "owner": "OwnerId",
    }
    compared = {
        columns[name]: value
        for name, value in known.values.items()
        if name in columns and value is not None
    }
    return bool(compared) and all(_same(row.get(k), value) for k, value in compared.items())


def _same(found: Any, written: Any) -> bool:
    """Compare a value as Salesforce stores it: trimmed, with its own line ends, cut where long."""
    if isinstance(written, date):
        return str(found or "")[:10] == written.isoformat()[:10]
    there, ours = (_plain(str(text or "")) for text in (found, written))
    if long_id(there) and long_id(ours):
        return long_id(there) == long_id(ours)
    return there == ours or (there.endswith("…") and ours.startswith(there[:-1]))


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()

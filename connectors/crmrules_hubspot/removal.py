"""Find everything of ours in a portal, and take it away.

Know before changing: the search names the tasks with our key, and each is then read by id, because
the index still shows what was archived a moment ago. Tasks go before the property by which they are
found, properties before their group. HubSpot's bin keeps tasks and properties for a while; what is
in it is not there any more. Archiving what is gone already is no error, so everything here may be
sent again.

It clears no value on a deal: a value goes with its property, and no workflow of the portal starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from crmrules.provisioning import Known, Ours, Step
from crmrules_hubspot.definitions import KEY, Definition, Manifest, is_foreign
from crmrules_hubspot.errors import MissingScopeError, RefusedError
from crmrules_hubspot.fetch import chunks
from crmrules_hubspot.kinds import OUR_HISTORY, TASK, WITH_HISTORY, WITHOUT_HISTORY
from crmrules_hubspot.ours import WRITTEN, writers
from crmrules_hubspot.scan import Scan, where

_STATUS = "hs_task_status"
_PROPERTIES = (KEY, "hs_task_subject", _STATUS)
_DEALS = "deals"
_IN_USE = (
    "Take it out of what uses it (views, lists, reports, workflows; a group: its properties), then "
    "run unprovision again."
)

STAYS = (
    "HubSpot's bin keeps the tasks and properties for 90 days; super admins empty it sooner.",
    "The service keys: delete them under Development > Keys > Service keys.",
)


class RemovalApi(Protocol):
    """The operations this needs; each raises RefusedError where HubSpot refuses the request."""

    def properties(self, object_: str, *, archived: bool = False) -> Sequence[Definition]:
        """Return the definitions of an object."""

    def groups(self, object_: str) -> Sequence[Definition]:
        """Return the property groups of an object."""

    def search(self, object_: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one page of a search."""

    def read(
        self,
        object_: str,
        ids: Sequence[str],
        properties: Sequence[str],
        *,
        history: Sequence[str] = (),
    ) -> Mapping[str, Mapping[str, Any]]:
        """Return the records that are there, by id."""

    def archive(self, object_: str, ids: Sequence[str]) -> None:
        """Put records into the bin."""

    def archive_property(self, object_: str, name: str) -> None:
        """Put a property into the bin."""

    def delete_group(self, object_: str, name: str) -> None:
        """Remove a property group."""


class Removal:
    """Looks for what is ours in one portal, and removes it. ``removed`` is what is gone so far."""

    def __init__(self, api: RemovalApi, manifest: Manifest) -> None:
        self._api, self._manifest = api, manifest
        self.removed: list[Ours] = []

    def ours(self, known: Sequence[Known] = ()) -> list[Ours]:
        """Return what is there now, as the port has it."""
        found = {object_: self._found(object_) for object_ in self._manifest.properties}
        keyed = KEY in found[TASK.object]
        return [
            *self._tasks(known, keyed=keyed),
            *(one for object_, names in found.items() for one in self._fields(object_, names)),
            *(one for object_, names in found.items() for one in self._groups(object_, names)),
        ]

    def _found(self, object_: str) -> dict[str, Definition]:
        """Return our properties that exist, the key last; somebody else's of our name are not."""
        there = {str(one["name"]): one for one in self._api.properties(object_)}
        ours = {str(one["name"]): one for one in self._manifest.properties[object_]}
        names = sorted(ours, key=lambda name: name == KEY)
        return {
            name: there[name]
            for name in names
            if name in there and not is_foreign(ours[name], there[name])
        }

    def _tasks(self, known: Sequence[Known], *, keyed: bool) -> Iterator[Ours]:
        ids = dict.fromkeys(one.task_id for one in known)
        if keyed:
            ours = [[where(KEY, "HAS_PROPERTY")]]
            scan = Scan(self._api, TASK.object, ours, TASK.stamp, moves=True)
            ids |= dict.fromkeys(str(record["id"]) for record in scan)
        for part in chunks(sorted(ids, key=lambda one: (len(one), one)), WITH_HISTORY):
            read = self._api.read(TASK.object, part, _PROPERTIES, history=OUR_HISTORY)
            for one in part:
                if one in read:
                    yield _task(read[one])

    def _fields(self, object_: str, found: Mapping[str, Definition]) -> Iterator[Ours]:
        for name, definition in found.items():
            values = self._values(name) if object_ == _DEALS else ""
            yield Ours("field", object_, name, str(definition.get("label") or name), values)

    def _values(self, name: str) -> str:
        """Say on how many deals a property has a value; "" where this token may not look."""
        body = {"filterGroups": [{"filters": [where(name, "HAS_PROPERTY")]}], "limit": 1}
        try:
            total = int(self._api.search(_DEALS, body).get("total") or 0)
        except MissingScopeError:
            return ""
        return f"its values on {total} deals go with it" if total else "no values"

    def _groups(self, object_: str, found: Mapping[str, Definition]) -> Iterator[Ours]:
        """Yield our group, unless properties of somebody else live in it: then it is theirs."""
        group = self._manifest.groups[object_]
        name = str(group["name"])
        if name not in {str(one["name"]) for one in self._api.groups(object_)}:
            return
        inside = (one for one in self._api.properties(object_) if one.get("groupName") == name)
        if all(one["name"] in found for one in inside):
            yield Ours("group", object_, name, str(group["label"]))

    def remove(self, things: Sequence[Ours]) -> list[Step]:
        """Remove these, in this order, as the port has it."""
        return [step for batch in _batches(things) for step in self._remove(batch)]

    def _remove(self, batch: Sequence[Ours]) -> list[Step]:
        """Remove one thing, or many tasks at once; a batch that is refused is halved."""
        try:
            self._send(batch)
        except RefusedError as error:
            if error.status != 404 and len(batch) > 1:
                middle = len(batch) // 2
                return self._remove(batch[:middle]) + self._remove(batch[middle:])
            if error.status != 404:
                [one] = batch
                remedy = error.remedy if one.kind == "task" else _IN_USE
                return [Step("refused", one.object, one.name, error.message, remedy)]
        self.removed += batch
        return [Step("remove", one.object, one.name, one.label) for one in batch]

    def _send(self, batch: Sequence[Ours]) -> None:
        first = batch[0]
        if first.kind == "task":
            self._api.archive(first.object, [one.name for one in batch])
        elif first.kind == "group":
            self._api.delete_group(first.object, first.name)
        else:
            self._api.archive_property(first.object, first.name)


def _batches(things: Sequence[Ours]) -> Iterator[Sequence[Ours]]:
    """Split into what goes in one call: up to a hundred tasks in a row, else one thing."""
    batch: list[Ours] = []
    for one in things:
        if batch and (one.kind != "task" or len(batch) == WITHOUT_HISTORY):
            yield batch
            batch = []
        if one.kind == "task":
            batch.append(one)
        else:
            yield [one]
    if batch:
        yield batch


def _task(record: Mapping[str, Any]) -> Ours:
    values = record["properties"]
    status = str(values.get(_STATUS) or "status unknown").replace("_", " ").lower()
    edited = _edited(record.get("propertiesWithHistory") or {})
    label = str(values.get("hs_task_subject") or "")
    return Ours("task", TASK.object, str(record["id"]), label, status, edited)


def _edited(history: Mapping[str, Any]) -> bool:
    """Return whether anybody but its maker changed what we wrote; a new status is an answer.

    The maker wrote the first version of the subject: the key may be gone already, or cleared.
    """
    first = writers(history, "hs_task_subject")[-1:]
    if not first or first[0] is None:
        return True
    names: Iterable[str] = (KEY, *(name for name in WRITTEN if name != _STATUS))
    return any(writer != first[0] for name in names for writer in writers(history, name))

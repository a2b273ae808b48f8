"""Find our tasks again, by key: what became of a create whose answer got lost.

Know before changing: where the portal keeps the key unique, a batch read by key answers from the
primary store, at once. Elsewhere a task is looked for among those of its opportunity, which no
index delays; only a task without an opportunity (a private one) is left to the search. Deleted
tasks count: a rep who deleted one has answered.

It creates and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crmrules_hubspot.api import Api, Record
from crmrules_hubspot.fetch import chunks
from crmrules_hubspot.kinds import (
    ABOUT,
    ASSOCIATIONS,
    DEAL,
    KEY,
    OUR_HISTORY,
    TASK,
    WITH_HISTORY,
    Kind,
)
from crmrules_hubspot.scan import Scan, where

Found = dict[str, tuple[str, Record]]
"""Key -> the opportunity it was asked for, and the task."""


class Lookup:
    """Looks up tasks of one portal; ``unique``: HubSpot keeps the key unique."""

    def __init__(self, api: Api, kinds: Mapping[str, Kind], *, unique: bool) -> None:
        self._api, self._unique = api, unique
        self._properties = kinds[TASK.name].properties

    def find(self, wanted: Mapping[str, str]) -> Found:
        """Return the tasks that exist, also those in the bin; ``wanted``: key -> opportunity."""
        found: Found = {}
        for records in self._by_key(wanted) if self._unique else self._by_opportunity(wanted):
            for record in records:
                key = str(record["properties"].get(KEY) or "")
                if key in wanted and (key not in found or found[key][1].get("archived")):
                    found[key] = wanted[key], record
        return found

    def unlinked(self) -> Iterator[Record]:
        """Yield our tasks that say nothing of an opportunity (private ones), deleted included."""
        ours = [[where(KEY, "HAS_PROPERTY"), where(ABOUT, "NOT_HAS_PROPERTY")]]
        scan = Scan(self._api, TASK.object, ours, TASK.stamp, moves=True)
        yield from self._read([str(record["id"]) for record in scan])
        for record in self._api.archived(TASK.object, self._properties):
            if _key(record) and not record["properties"].get(ABOUT):
                yield {**record, "archived": True}

    def unseen(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """Return key -> id of tasks for which HubSpot would not refuse a second create.

        The bin frees unique values, and without a unique key nothing is refused at all.
        """
        if not self._unique:
            return {key: str(task["id"]) for key, (_, task) in self.find(wanted).items()}
        deleted = self._by_key(wanted, (True,))
        return {_key(task): str(task["id"]) for tasks in deleted for task in tasks}

    def _by_key(
        self, wanted: Mapping[str, str], bins: Iterable[bool] = (False, True)
    ) -> Iterator[Iterable[Record]]:
        for archived in bins:
            for part in chunks(wanted, WITH_HISTORY):
                records = self._read(part, archived=archived, by_key=True)
                yield records
                # The bin is asked only for those that are not there.
                wanted = {k: v for k, v in wanted.items() if k not in {_key(r) for r in records}}

    def _by_opportunity(self, wanted: Mapping[str, str]) -> Iterator[Iterable[Record]]:
        left = set(wanted)
        ids: set[str] = set()
        for part in chunks(filter(None, wanted.values()), ASSOCIATIONS):
            links = self._api.links(DEAL.object, TASK.object, part)
            ids |= {link.id for found in links.values() for link in found}
        for batch in chunks(ids, WITH_HISTORY):
            records = self._read(batch)
            left -= {_key(record) for record in records}
            yield records
        if left:
            for part in chunks(left, WITH_HISTORY):
                scan = Scan(
                    self._api, TASK.object, [[where(KEY, "IN", part)]], TASK.stamp, moves=True
                )
                records = self._read([str(record["id"]) for record in scan])
                left -= {_key(record) for record in records}
                yield records
        if left:
            deleted = self._api.archived(TASK.object, self._properties)
            yield [{**record, "archived": True} for record in deleted if _key(record) in left]

    def _read(
        self, ids: list[str], *, archived: bool = False, by_key: bool = False
    ) -> list[Record]:
        found: list[Record] = []
        for part in chunks(ids, WITH_HISTORY):
            page = self._api.read(
                TASK.object,
                part,
                self._properties,
                history=OUR_HISTORY,
                archived=archived,
                id_property=KEY if by_key else None,
            )
            found += [{**r, "archived": True} if archived else r for r in page.values()]
        return found


def _key(record: Record) -> str:
    return str(record["properties"].get(KEY) or "")

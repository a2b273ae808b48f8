"""One fake HubSpot account: its records, its people, its definitions, its rights and its clock.

Know before changing: everything that reads or writes holds ``lock``; the methods here take it. Time
comes from ``clock`` alone (aware UTC), so a test can move it. What the methods here do is done by a
person or by the system; what the app does comes through ``api`` and is told apart by ``Author``.

Does not do: HTTP, tokens, rate limits (``gateway``, ``limits``), checks of a write (``writes``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crmrules_sandbox.hubspot import stage_values, writes
from crmrules_sandbox.hubspot.calculated import value_of
from crmrules_sandbox.hubspot.kinds import Kinds
from crmrules_sandbox.hubspot.merging import merge
from crmrules_sandbox.hubspot.quirks import Quirks
from crmrules_sandbox.hubspot.records import Contents, Link, Owner, Record
from crmrules_sandbox.hubspot.schema import (
    TYPES,
    Definition,
    definition,
    singular,
    standard_definitions,
)
from crmrules_sandbox.hubspot.scopes import EVERYTHING
from crmrules_sandbox.hubspot.store import Store
from crmrules_sandbox.hubspot.values import stamp
from crmrules_sandbox.hubspot.writes import Author

APP_ID = 4_169_410


def wall_clock() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


class Portal:
    """A fake account.

    ``properties`` are definitions beyond the standard ones, by type, in the shape of the properties
    API's create input. ``index_lag`` is how far search stays behind. ``pace`` False: calls are not
    counted against ``interval_limit`` (10 seconds) and ``search_limit`` (1 second), which only a
    clock that moves can bear; the day's calls are always counted.
    """

    def __init__(
        self,
        contents: Contents,
        *,
        clock: Callable[[], datetime] = wall_clock,
        properties: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        index_lag: timedelta = timedelta(0),
        daily_limit: int = 625_000,
        interval_limit: int = 190,
        search_limit: int = 5,
        pace: bool = False,
        app_id: int = APP_ID,
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.quirks = Quirks()
        self.index_lag = index_lag
        self.index_lags: dict[tuple[str, str], timedelta] = {}
        self.daily_limit = daily_limit
        self.interval_limit = interval_limit
        self.search_limit = search_limit
        self.pace = pace
        self.app_id = app_id
        self.scopes = set(EVERYTHING)
        self.portal_id = contents.portal_id
        self.account_type = contents.account_type
        self.time_zone = contents.time_zone
        self.currency = contents.currency
        self.owners: list[Owner] = [*contents.owners]
        self.pipelines = [*contents.pipelines]
        self.kinds = Kinds()
        self.required: dict[tuple[str, str], set[str]] = {}
        self.definitions = {kind: standard_definitions(kind) for kind in TYPES}
        self.definitions["deals"] |= stage_values.definitions(self.pipelines)
        self.groups: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in TYPES}
        for kind in TYPES:
            name = f"{singular(kind).replace('_', '')}information"
            label = f"{singular(kind).replace('_', ' ').capitalize()} information"
            self.add_group(kind, {"name": name, "label": label})
        self.store = Store(TYPES, {kind: self._unique(kind) for kind in TYPES})
        for kind, listed in (properties or {}).items():
            for each in listed:
                self.define(kind, each)
        self.load(contents.records, contents.links)

    # -- reading ----------------------------------------------------------------------------------
    def now(self) -> datetime:
        """Return the portal's time, aware UTC, whole milliseconds."""
        found = self.clock().astimezone(UTC)
        return found.replace(microsecond=found.microsecond // 1000 * 1000)

    def get(self, kind: str, record_id: str) -> Record | None:
        """Return a record, archived or merged ones too; None if there is none."""
        return self.store.tables[kind].get(record_id)

    def value(self, kind: str, record_id: str, name: str) -> str | None:
        """Return the current value of a property, calculated ones too; None is never set."""
        with self.lock:
            return value_of(self, self.store.tables[kind][record_id], name)

    def records(self, kind: str, *, archived: bool = False) -> list[Record]:
        """Return the records of a type in the order of their ids, merged ones never."""
        with self.lock:
            found = [
                record
                for record in self.store.tables[kind].values()
                if record.merged_into is None and (record.archived_at is not None) is archived
            ]
        return sorted(found, key=lambda record: int(record.id))

    def linked(self, from_type: str, from_id: str, to_type: str) -> list[str]:
        """Return the ids of the live records of a type that are associated with a live record."""
        return [*self.live_links(from_type, from_id, to_type)]

    def live_links(self, from_type: str, from_id: str, to_type: str) -> dict[str, Link]:
        """Return the associations between live records, in the order of the other's id."""
        if not self.is_live(from_type, from_id):
            return {}
        found = self.store.linked(from_type, from_id, to_type)
        return {key: found[key] for key in sorted(found, key=int) if self.is_live(to_type, key)}

    def is_live(self, kind: str, record_id: str) -> bool:
        """Tell whether there is such a record, neither archived nor merged into another."""
        record = self.get(kind, record_id)
        return record is not None and record.archived_at is None and record.merged_into is None

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone."""
        return ZoneInfo(self.time_zone)

    def owner(self, owner_id: str) -> Owner | None:
        """Return the owner of that id, archived ones too."""
        return next((each for each in self.owners if each.id == owner_id), None)

    # -- filling ----------------------------------------------------------------------------------
    def load(self, records: Iterable[Record], links: Iterable[Link] = ()) -> None:
        """Store records and links as they are, without the checks of a write.

        Raises ValueError for a property nobody defined.
        """
        with self.lock:
            for record in records:
                if strange := set(record.history) - set(self.definitions[record.type]):
                    listed = ", ".join(sorted(strange))
                    raise ValueError(f"{record.type} have no property {listed}")
                self.store.place(record)
            for link in links:
                self.link_as_told(link)

    def link_as_told(self, link: Link) -> None:
        """Associate two records, and learn the labels."""
        for label in link.labels:
            self.kinds.label_id(link.from_type, link.to_type, label)
        self.store.link(link)

    def define(self, kind: str, data: Mapping[str, Any]) -> Definition:
        """Add a property, or replace one by another of the same name."""
        with self.lock:
            made = definition(data, stamp(self.now()))
            self.definitions[kind][made["name"]] = made
            self.store.revision += 1
            if made["hasUniqueValue"]:
                self.store.make_unique(kind, made["name"])
            else:
                self.store.unique[kind].discard(made["name"])
            return made

    def redefine(self, kind: str, name: str, **changes: Any) -> None:
        """Change a definition, as an administrator may: ``type``, ``options``, ``archived``."""
        with self.lock:
            self.define(kind, {**self.definitions[kind][name], **changes})

    def undefine(self, kind: str, name: str) -> None:
        """Remove a property; values stay where they are, unseen."""
        with self.lock:
            del self.definitions[kind][name]
            self.store.unique[kind].discard(name)

    def add_group(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Add a group of properties."""
        made = {"displayOrder": -1, "archived": False, **data}
        self.groups[kind][made["name"]] = made
        return made

    def _unique(self, kind: str) -> set[str]:
        return {name for name, each in self.definitions[kind].items() if each["hasUniqueValue"]}

    # -- what people do ---------------------------------------------------------------------------
    def create(
        self,
        kind: str,
        values: Mapping[str, str],
        links: Iterable[tuple[str, str]] = (),
        user_id: int | None = None,
    ) -> str:
        """Create a record with every check, as a person or as the system; return its id."""
        with self.lock:
            texts = writes.check(self, kind, values, None, self._author(user_id))
            record = writes.make(self, kind, texts, self._author(user_id))
            for to_type, to_id in links:
                self.link_as_told(Link(kind, record.id, to_type, to_id))
            return record.id

    def update(
        self, kind: str, record_id: str, values: Mapping[str, str], user_id: int | None = None
    ) -> None:
        """Change a record with every check, as a person or as the system."""
        with self.lock:
            record, author = self.store.tables[kind][record_id], self._author(user_id)
            texts = writes.check(self, kind, values, record, author)
            writes.change(self, record, texts, author)

    def archive(self, kind: str, record_id: str) -> None:
        """Put a record into the recycle bin."""
        with self.lock:
            record = self.store.tables[kind][record_id]
            record.archived_at = record.archived_at or self.now()
            self.store.revision += 1

    def restore(self, kind: str, record_id: str) -> None:
        """Take a record out of the recycle bin, with its associations."""
        with self.lock:
            record = self.store.tables[kind][record_id]
            record.archived_at, record.updated = None, self.now()
            self.store.revision += 1

    def purge(self, kind: str, record_id: str) -> None:
        """Remove a record for good."""
        with self.lock:
            self.store.remove(kind, record_id)

    def merge(self, kind: str, winner: str, loser: str) -> str:
        """Merge two records into a new one; return its id."""
        with self.lock:
            return merge(self, kind, winner, loser).id

    def link(
        self,
        from_type: str,
        from_id: str,
        to_type: str,
        to_id: str,
        *,
        labels: tuple[str, ...] = (),
        primary: bool = False,
    ) -> None:
        """Associate two records."""
        with self.lock:
            self.link_as_told(Link(from_type, from_id, to_type, to_id, labels, primary))

    def unlink(self, from_type: str, from_id: str, to_type: str, to_id: str) -> None:
        """Take an association away."""
        with self.lock:
            self.store.unlink(from_type, from_id, to_type, to_id)

    # -- rules and rights -------------------------------------------------------------------------
    def require(self, kind: str, name: str, ids: Iterable[str]) -> None:
        """Refuse every write of the app that leaves the property of one of these records empty."""
        self.required.setdefault((kind, name), set()).update(ids)

    def grant(self, *scopes: str) -> None:
        """Give the app scopes."""
        self.scopes |= set(scopes)

    def revoke(self, *scopes: str) -> None:
        """Take scopes from the app."""
        self.scopes -= set(scopes)

    def _author(self, user_id: int | None) -> Author:
        if user_id is None:
            return Author("CRM_UI", "")
        return Author("CRM_UI", f"userId:{user_id}", user_id)

    @property
    def app(self) -> Author:
        """Who writes through the API."""
        return Author("INTEGRATION", str(self.app_id))

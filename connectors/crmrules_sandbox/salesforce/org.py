"""One fake org: who it is, its tables, its users' rights, its locks and its clock.

Know before changing: everything that reads or writes holds ``lock``; the methods here take it, and
whoever touches ``store`` directly must. Rows are replaced, never changed, so a row handed out stays
as it was. Time comes from ``clock`` alone (aware UTC), so a test can move it.

Does not do: HTTP, tokens, quota (``server``), checks of a write (``writes``).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from crmrules_sandbox.salesforce import deletes, writes
from crmrules_sandbox.salesforce.access import Access
from crmrules_sandbox.salesforce.defaults import ALWAYS_REPLACED, default_rows
from crmrules_sandbox.salesforce.failure import ApiError
from crmrules_sandbox.salesforce.ids import sfid
from crmrules_sandbox.salesforce.loading import load_rows
from crmrules_sandbox.salesforce.metadata import Metadata
from crmrules_sandbox.salesforce.schema import FEATURES, Field, SObject, without_features
from crmrules_sandbox.salesforce.store import Row, Store
from crmrules_sandbox.salesforce.values import stamp

ORGANIZATION_ID = sfid("00D", 9_000_001)
INTEGRATION_USER_ID = sfid("005", 9_000_001)
DEFAULT_FEATURES = frozenset(FEATURES) - {"multi_currency"}


def wall_clock() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


class View:
    """The org as one user sees it: what the query evaluator reads (``soql.tables.Tables``)."""

    def __init__(self, org: Org, user_id: str) -> None:
        self.org = org
        self.user_id = user_id
        self.access = org.access[user_id]

    def sobject(self, name: str) -> SObject | None:
        """Return the object of that name in any case; None if this user has none."""
        found = self.org.sobject_named(name)
        return found if found is not None and self.access.may("read", found.name) else None

    def visible(self, sobject: str) -> frozenset[str]:
        """Return the names of the fields this user may read."""
        seen = self.access.visible(self.org.schema, sobject)
        hidden = self.org.metadata.withheld(sobject, self.user_id)
        return seen - hidden if hidden else seen

    def editable(self, sobject: str, field: str) -> bool:
        """Tell whether this user may write a field that it may read."""
        frozen = self.org.metadata.withheld(sobject, self.user_id, right="editable")
        return field not in frozen and self.access.editable(sobject, field)

    def rows(self, sobject: str) -> Collection[Mapping[str, Any]]:
        """Return every stored row in the order of creation, deleted and archived ones too."""
        return self.org.store.tables[sobject].values()

    def get(self, sobject: str, record_id: str) -> Mapping[str, Any] | None:
        """Return the row with that 18-character id; None if there is none."""
        return self.org.store.tables.get(sobject, {}).get(record_id)


class Org:
    """A fake org; also what the integration user sees (``sobject, visible, rows, get``).

    ``features`` names the ``schema.FEATURES`` the org has (None: all but multi-currency).
    ``recycled_keys_block`` says whether a record in the recycle bin keeps its unique key; what
    Salesforce does is not documented, so both must be survived. ``daily_limit`` is in API calls.
    """

    def __init__(
        self,
        schema: Mapping[str, SObject],
        *,
        features: Iterable[str] | None = None,
        clock: Callable[[], datetime] = wall_clock,
        user_id: str = INTEGRATION_USER_ID,
        organization_id: str = ORGANIZATION_ID,
        is_sandbox: bool = True,
        recycled_keys_block: bool = True,
        daily_limit: int = 100_000,
    ) -> None:
        self.features = frozenset(DEFAULT_FEATURES if features is None else features)
        self.full_schema = dict(schema)
        self.schema = without_features(schema, set(FEATURES) - self.features)
        self.clock = clock
        self.user_id = user_id
        self.daily_limit = daily_limit
        self.lock = threading.RLock()
        self.store = Store(self.schema, recycled_keys_block=recycled_keys_block)
        self.access: dict[str, Access] = defaultdict(Access)
        self.approval_locks: set[str] = set()
        self.row_locks: dict[str, int] = {}
        self.metadata = Metadata(self)
        self.metadata_changed_at = self.now()
        self._by_name = {name.casefold(): sobject for name, sobject in self.schema.items()}
        self._by_prefix = {sobject.prefix: name for name, sobject in self.schema.items()}
        self.load(default_rows(self, organization_id, is_sandbox=is_sandbox))
        self._view = View(self, user_id)

    # -- reading --------------------------------------------------------------------------------
    def now(self) -> datetime:
        """Return the org's time, aware UTC, whole seconds."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def view(self, user_id: str | None = None) -> View:
        """Return the org as a user sees it; None means the integration user."""
        return self._view if user_id in (None, self.user_id) else View(self, str(user_id))

    def sobject_named(self, name: str) -> SObject | None:
        """Return the object of that name in any case, whoever asks."""
        return self._by_name.get(name.casefold())

    def sobject_of(self, record_id: str) -> str | None:
        """Return the name of the object an id belongs to; None for an unknown prefix."""
        return self._by_prefix.get(record_id[:3])

    def sobject(self, name: str) -> SObject | None:
        """Return the object of that name in any case, as the integration user sees it."""
        return self._view.sobject(name)

    def visible(self, sobject: str) -> frozenset[str]:
        """Return the names of the fields the integration user may read."""
        return self._view.visible(sobject)

    def rows(self, sobject: str) -> Collection[Mapping[str, Any]]:
        """Return every stored row in the order of creation."""
        return self._view.rows(sobject)

    def get(self, sobject: str, record_id: str) -> Mapping[str, Any] | None:
        """Return the row with that 18-character id; None if there is none."""
        return self._view.get(sobject, record_id)

    @property
    def organization(self) -> Mapping[str, Any]:
        """The one Organization row."""
        return next(iter(self.store.tables["Organization"].values()))

    def stage(self, name: str | None) -> Mapping[str, Any] | None:
        """Return the OpportunityStage row of a stage name; None if there is none."""
        stages = self.store.tables["OpportunityStage"].values()
        return next((s for s in stages if name in (s.get("ApiName"), s.get("MasterLabel"))), None)

    def is_closing(self, status: str | None) -> bool:
        """Tell whether a task of that status is closed; an unknown status is open."""
        for row in self.store.tables["TaskStatus"].values():
            if status in (row.get("ApiName"), row.get("MasterLabel")):
                return bool(row.get("IsClosed"))
        return False

    # -- filling --------------------------------------------------------------------------------
    def load(self, records: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Store rows as they are, without the checks of a write; a known Id is replaced.

        Missing ids, stamps and derived fields are filled in. Objects and fields that belong to a
        feature the org lacks are left out. Loading OpportunityStage, TaskStatus or Organization
        replaces the whole table. Raises ValueError for an object or field nobody knows.
        """
        with self.lock:
            for name, rows in records.items():
                if name in ALWAYS_REPLACED and name in self.store.tables:
                    for record_id in list(self.store.tables[name]):
                        self.store.remove(name, record_id)
                load_rows(self, name, rows)

    def set_field(self, sobject: str, name: str, field: Field | None) -> None:
        """Give an object a field, change it, or (None) take it away with all its values."""
        with self.lock:
            for schema in (self.schema, self.full_schema):
                fields = {k: v for k, v in schema[sobject].fields.items() if k != name}
                if field is not None:
                    fields[name] = field
                schema[sobject] = replace(schema[sobject], fields=MappingProxyType(fields))
            self._by_name[sobject.casefold()] = self.schema[sobject]
            if field is None:
                self.store.drop_field(sobject, name)
            else:
                self.store.add_field(sobject, field)
            for access in self.access.values():
                access.forget()
            self.metadata_changed_at = self.now()

    def commit_late(self, sobject: str, row: Mapping[str, Any], at: datetime) -> None:
        """Make a row appear now whose stamps say ``at``, as a long transaction does."""
        stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp(at))
        known = {k: v for k, v in stamps.items() if k in self.schema[sobject].fields}
        self.load({sobject: [{**row, **known}]})

    # -- writing --------------------------------------------------------------------------------
    def insert(self, sobject: str, values: Mapping[str, Any], user_id: str | None = None) -> str:
        """Create a record with every check; return its id. Raises ApiError."""
        with self.lock, self.store.atomic():
            return writes.insert(self.view(user_id), sobject, values)

    def update(
        self, sobject: str, record_id: str, values: Mapping[str, Any], user_id: str | None = None
    ) -> str:
        """Change a record with every check; return its 18-character id. Raises ApiError."""
        with self.lock, self.store.atomic():
            return writes.update(self.view(user_id), sobject, record_id, values)

    def delete(self, record_id: str, user_id: str | None = None) -> str:
        """Put a record and what hangs on it into the recycle bin. Raises ApiError."""
        with self.lock, self.store.atomic():
            return deletes.delete(self.view(user_id), record_id)

    def hard_delete(self, record_id: str) -> None:
        """Remove a record for good; only getDeleted still knows it. Raises ApiError."""
        with self.lock, self.store.atomic():
            deletes.hard_delete(self, record_id)

    def archive(self, record_id: str) -> None:
        """Mark an activity as archived: ``query`` no longer returns it, ``queryAll`` does."""
        with self.lock:
            name = self.sobject_of(record_id) or ""
            row: Row = {**self.store.tables[name][record_id], "IsArchived": True}
            self.store.put(name, row)

    # -- rights and locks -------------------------------------------------------------------------
    def hide(self, sobject: str, *fields: str, user_id: str | None = None) -> None:
        """Take away read access to fields (they then do not exist for the user)."""
        self._access(sobject, fields, user_id).hide(sobject, fields)

    def show(self, sobject: str, *fields: str, user_id: str | None = None) -> None:
        """Give full access to fields back."""
        self._access(sobject, fields, user_id).show(sobject, fields)

    def make_read_only(self, sobject: str, *fields: str, user_id: str | None = None) -> None:
        """Take away edit access to fields that stay readable."""
        self._access(sobject, fields, user_id).freeze(sobject, fields)

    def deny(self, sobject: str, *rights: str, user_id: str | None = None) -> None:
        """Take away object rights (``read create edit delete``)."""
        self._access(sobject, (), user_id).deny(sobject, rights)

    def allow(self, sobject: str, *rights: str, user_id: str | None = None) -> None:
        """Give object rights back."""
        self._access(sobject, (), user_id).allow(sobject, rights)

    def _access(self, sobject: str, fields: Iterable[str], user_id: str | None) -> Access:
        if unknown := set(fields) - set(self.schema[sobject].fields):
            raise ValueError(f"{sobject} has no field {', '.join(sorted(unknown))}")
        self.metadata_changed_at = self.now()
        return self.access[user_id or self.user_id]

    def lock_row(self, record_id: str, times: int = 1) -> None:
        """Let the next ``times`` writes to a record, or to its activities, fail as locked."""
        with self.lock:
            self.row_locks[record_id] = times

    def lock_for_approval(self, record_id: str) -> None:
        """Let every change of a record fail until ``unlock``, as in an approval process."""
        with self.lock:
            self.approval_locks.add(record_id)

    def unlock(self, record_id: str) -> None:
        """Take both kinds of lock off a record."""
        with self.lock:
            self.approval_locks.discard(record_id)
            self.row_locks.pop(record_id, None)

    def meet_locks(self, record_id: str, *, parent: bool = False) -> None:
        """Raise ApiError if the record is locked; a row lock is used up by being met."""
        if (left := self.row_locks.get(record_id, 0)) > 0:
            self.row_locks[record_id] = left - 1
            message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
            raise ApiError(400, "UNABLE_TO_LOCK_ROW", message, [])
        if record_id in self.approval_locks and not parent:
            message = "the entity is locked for editing"
            raise ApiError(400, "ENTITY_IS_LOCKED", message, [])

"""The mirror as it was, once a week: what a field was when nobody keeps its history.

A snapshot adds a row for everything that is new or changed since the one before, and an empty one
for what is gone; a week reads as the newest row of each id until then. So no row is ever changed,
what did not change costs nothing, and a snapshot is there as a whole or, undone with its
transaction, not at all.

Kept are the opportunities that are judged, with all their rows; the rows of their accounts; and of
other opportunities of these accounts the row of the opportunity itself. That is what ``Mirror``
gives for one, and reads back in the same order. A page at a time: memory stays flat.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select

from crmrules.connector import Row
from crmrules.state.columns import damaged, dumps, loads
from crmrules.state.mirror import PAGE, Mirror
from crmrules.state.schema import snapshot, snapshot_week

_IN_LIST = 500
_GONE = b""


class Kind(IntEnum):
    """What a row of a snapshot holds."""

    JUDGED = 1  # an opportunity with all its rows
    SIBLING = 2  # the opportunity's own row alone
    ACCOUNT = 3  # the rows of an account


@dataclass(frozen=True, slots=True)
class Week:
    """One snapshot. ``name``: the ISO week by the organization's time, as 2026-W48."""

    name: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class _Part:
    """What a snapshot keeps under one id; ``rows``: uncompressed JSON."""

    id: str
    kind: Kind
    account: str | None
    rows: bytes

    @property
    def digest(self) -> bytes:
        head = f"{int(self.kind)}\0{self.account or ''}\0".encode()
        return hashlib.blake2b(head + self.rows, digest_size=16).digest()


class Snapshots:
    """The weeks of one organization, within one transaction."""

    def __init__(self, connection: Connection, org: str, mirror: Mirror) -> None:
        self._connection, self._org, self._mirror = connection, org, mirror

    def weeks(self) -> list[Week]:
        """Return the snapshots there are, oldest first."""
        query = select(snapshot_week.c.week, snapshot_week.c.taken_at).where(
            snapshot_week.c.org == self._org
        )
        return [Week(*row) for row in self._connection.execute(query.order_by("taken_at"))]

    def due(self, local: datetime) -> bool:
        """Whether a week of the organization's local time has no snapshot yet.

        Never for a moment at or before the newest one: the past is what it was.
        """
        weeks = self.weeks()
        names = {week.name for week in weeks}
        return week_name(local) not in names and (not weeks or weeks[-1].taken_at < local)

    def take(self, local: datetime, won_since: date | None = None) -> int:
        """Keep the mirror as it is; return how many rows that took. Only where one is ``due``."""
        if not self.due(local):
            raise ValueError(f"there is a snapshot of {week_name(local)} or a later one already")
        seen: set[str] = set()
        added = 0
        for part in self._pages(won_since, seen):
            added += self._add(part, local)
        added += self._leave(seen, local)
        week = {"org": self._org, "week": week_name(local), "taken_at": local}
        self._connection.execute(insert(snapshot_week), week)
        return added

    def _pages(self, won_since: date | None, seen: set[str]) -> Iterator[list[_Part]]:
        """Yield what there is, a page of opportunities at a time; nothing twice."""
        siblings: set[str] = set()
        page: list[_Part] = []
        for id_, rows in self._mirror.opportunities(judged_ids=(), won_since=won_since):
            for part in _parts(id_, rows):
                if part.kind is Kind.SIBLING:
                    siblings.add(part.id)
                elif part.id not in seen:
                    seen.add(part.id)
                    page.append(part)
            if len(page) >= PAGE:
                yield page
                page = []
        yield page
        alone = sorted(siblings - seen)
        for start in range(0, len(alone), PAGE):
            ids = alone[start : start + PAGE]
            seen.update(ids)
            found = self._mirror.own(ids)
            yield [_Part(row.id, Kind.SIBLING, row.account, _encoded([row])) for row in found]

    def _add(self, parts: Sequence[_Part], at: datetime) -> int:
        """Write those that are not what they were."""
        before = self._digests([part.id for part in parts])
        rows = [
            _values(part.id, part.kind, part.account, part.digest, zlib.compress(part.rows))
            for part in parts
            if before.get(part.id) != part.digest
        ]
        return self._insert(rows, at)

    def _leave(self, seen: set[str], at: datetime) -> int:
        """Write that what was there in the last snapshot is not there any more."""
        added, last = 0, ""
        while True:
            query = self._state(None).where(snapshot.c.id > last).order_by(snapshot.c.id)
            page = self._connection.execute(query.limit(PAGE)).all()
            gone = [
                _values(row.id, row.kind, row.account, _GONE, None)
                for row in page
                if row.body is not None and row.id not in seen
            ]
            added += self._insert(gone, at)
            if len(page) < PAGE:
                return added
            last = page[-1].id

    def _insert(self, rows: Sequence[dict[str, Any]], at: datetime) -> int:
        if rows:
            more = {"org": self._org, "taken_at": at}
            self._connection.execute(insert(snapshot), [row | more for row in rows])
        return len(rows)

    def _digests(self, ids: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for some in _lists(ids):
            query = self._state(None).where(snapshot.c.id.in_(some))
            found |= {row.id: row.digest for row in self._connection.execute(query)}
        return found

    def _state(self, until: datetime | None) -> Any:
        """Return the query of the newest row of each id; ``until``: of those until then."""
        other = snapshot.alias("other")
        same = and_(other.c.org == snapshot.c.org, other.c.id == snapshot.c.id)
        if until is not None:
            same = and_(same, other.c.taken_at <= until)
        newest = select(func.max(other.c.taken_at)).where(same).scalar_subquery()
        columns = [column for column in snapshot.columns if column.name != "org"]
        return select(*columns).where(snapshot.c.org == self._org, snapshot.c.taken_at == newest)

    def at(self, moment: datetime) -> Iterator[tuple[str, list[Row]]]:
        """Yield opportunities with their rows as the last snapshot until a moment has them.

        In the order of their ids, as ``Mirror.opportunities`` does; none where there is no such
        snapshot: ask ``weeks`` to tell that from an empty one.
        """
        taken = [week.taken_at for week in self.weeks() if week.taken_at <= moment]
        last = ""
        while taken:
            query = self._there(taken[-1], snapshot.c.kind == int(Kind.JUDGED))
            query = query.where(snapshot.c.id > last).order_by(snapshot.c.id).limit(PAGE)
            page = self._connection.execute(query).all()
            yield from self._complete(page, taken[-1])
            if len(page) < PAGE:
                return
            last = page[-1].id

    def _there(self, until: datetime, *conditions: ColumnElement[bool]) -> Any:
        return self._state(until).where(snapshot.c.body.is_not(None), *conditions)

    def _complete(self, page: Sequence[Any], until: datetime) -> Iterator[tuple[str, list[Row]]]:
        """Add to each opportunity the rows of its account and of its siblings."""
        accounts = sorted({row.account for row in page if row.account is not None})
        of_account: dict[str, list[Row]] = {}
        siblings: dict[str, list[Row]] = {}
        for some in _lists(accounts):
            of = self._there(until, snapshot.c.id.in_(some), snapshot.c.kind == int(Kind.ACCOUNT))
            of_account |= {r.id: _decoded(r.body) for r in self._connection.execute(of)}
            of = self._there(until, snapshot.c.account.in_(some)).order_by(snapshot.c.id)
            for one in self._connection.execute(of):
                siblings.setdefault(one.account, []).append(_own(one.id, _decoded(one.body)))
        for one in page:
            rows = _decoded(one.body)
            rows += of_account.get(one.account, ())
            rows += (row for row in siblings.get(one.account, ()) if row.id != one.id)
            yield one.id, rows


def week_name(local: datetime) -> str:
    """Return the ISO week of a moment in its own time zone."""
    year, week, _ = local.isocalendar()
    return f"{year}-W{week:02}"


def _parts(id_: str, rows: Iterable[Row]) -> Iterator[_Part]:
    """Yield an opportunity's own part, its account's, and its siblings, which are told by id."""
    own = [row for row in rows if row.parent == id_]
    account = _own(id_, own).account
    yield _Part(id_, Kind.JUDGED, account, _encoded(own))
    others = [row for row in rows if row.parent != id_]
    if account is not None:
        around = [row for row in others if row.parent == account]
        if around:
            yield _Part(account, Kind.ACCOUNT, None, _encoded(around))
    for row in others:
        if row.parent != account:
            yield _Part(row.id, Kind.SIBLING, row.account, b"")


def _own(id_: str, rows: Iterable[Row]) -> Row:
    for row in rows:
        if row.id == id_ and row.parent == id_:
            return row
    raise damaged("a snapshot of an opportunity without its own row")


def _encoded(rows: Iterable[Row]) -> bytes:
    return dumps(
        [(r.kind, r.id, r.parent, r.stamp, r.body, r.account, r.closed_on, r.won) for r in rows]
    )


def _decoded(packed: bytes) -> list[Row]:
    try:
        rows = loads(zlib.decompress(packed))
        return [
            Row(kind, id_, parent, stamp, body, account, day and date.fromisoformat(day), won)
            for kind, id_, parent, stamp, body, account, day, won in rows
        ]
    except (zlib.error, TypeError, ValueError) as error:
        raise damaged("a snapshot cannot be read") from error


def _values(
    id_: str, kind: int, account: str | None, digest: bytes, body: bytes | None
) -> dict[str, Any]:
    return {"id": id_, "kind": int(kind), "account": account, "digest": digest, "body": body}


def _lists(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _IN_LIST):
        yield ids[start : start + _IN_LIST]

"""The CRM's records as they came, so that children that arrive alone complete their opportunity.

An opportunity is read back with its own rows, the rows of its account and the opportunity rows of
the same account. The opportunity's own row is the one whose parent is itself (an account's own row
has its own id as ``account``, too). Pages are found by key, never by offset or an open cursor:
memory stays flat, and rows may be written while one reads.

It does not look into a body.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.sql.compiler import SQLCompiler

from crmrules.connector import Child, Head, Row
from crmrules.state.columns import dumps, loads
from crmrules.state.dialect import upsert
from crmrules.state.schema import record, watermark

PAGE = 200  # opportunities read together
_OWN = text("record.own = 1")  # the exact words of the partial indexes
_IN_LIST = 500  # ids per IN list


class Mirror:
    """The records of one organization, within one transaction."""

    def __init__(self, connection: Connection, org: str) -> None:
        self._connection, self._org = connection, org
        self._insert: SQLCompiler | None = None

    def put(self, rows: Sequence[Row], run: str) -> None:
        """Store a page of rows; delete those that are gone. The last one of an id wins."""
        latest = {(row.kind, row.id): row for row in rows}
        present = [self._values(row, run) for row in latest.values() if not row.gone]
        if present:
            self._write(present)
        gone: dict[str, list[str]] = {}
        for row in latest.values():
            if row.gone:
                gone.setdefault(row.kind, []).append(row.id)
        for kind, ids in gone.items():
            self._delete(kind, ids)

    def _values(self, row: Row, run: str) -> tuple[Any, ...]:
        """Return the values of the columns, in their order, as the driver takes them."""
        return (
            self._org,
            row.kind,
            row.id,
            row.parent,
            int(row.id == row.parent and row.account != row.id),
            row.account,
            row.stamp,
            None if row.closed_on is None else row.closed_on.isoformat(),
            None if row.won is None else int(row.won),
            dumps(row.body),
            run,
        )

    def _write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Hand the rows to the driver: binding them one by one would double the cost of a pull."""
        if self._insert is None:
            self._insert = upsert(self._connection, record).compile(
                dialect=self._connection.dialect
            )
        names = [column.name for column in record.columns]
        if self._insert.positiontup is not None:
            places = [names.index(name) for name in self._insert.positiontup]
            if places != sorted(places):
                raise AssertionError("the columns are bound in another order than they are listed")
            self._connection.exec_driver_sql(str(self._insert), list(rows))
        else:
            named = [dict(zip(names, row, strict=True)) for row in rows]
            self._connection.exec_driver_sql(str(self._insert), named)

    def _delete(self, kind: str, ids: Sequence[str]) -> None:
        for part in _parts(ids):
            self._connection.execute(
                delete(record).where(
                    record.c.org == self._org, record.c.kind == kind, record.c.id.in_(part)
                )
            )

    def complete(self, kind: str, run: str) -> int:
        """Remove the rows of a kind that this run has not seen; return how many they were."""
        gone = delete(record).where(
            record.c.org == self._org, record.c.kind == kind, record.c.seen_run != run
        )
        return self._connection.execute(gone).rowcount

    def rows_of(self, opportunity: str) -> list[Row]:
        """Return all rows about one opportunity; empty when it is not stored."""
        head = select(record.c.id, record.c.account, record.c.won, record.c.closed_on).where(
            record.c.org == self._org, record.c.id == opportunity, _OWN
        )
        found = [_head(*row) for row in self._connection.execute(head)]
        return next((rows for _, rows in self._read(found)), [])

    def opportunities(
        self, *, judged_ids: Collection[str] | None = None, won_since: date | None = None
    ) -> Iterator[tuple[str, list[Row]]]:
        """Yield opportunities with their rows, in the order of their ids.

        All of them when nothing is asked; otherwise the open ones, those with an id in
        ``judged_ids``, and those won with a close date at or after ``won_since``.
        """
        everything = judged_ids is None and won_since is None
        wanted = judged_ids or ()
        for page in self._heads():
            heads = [head for head in page if everything or _asked(head, wanted, won_since)]
            yield from self._read(heads)

    def among(self, id_: str, *, judged_ids: Collection[str], won_since: date) -> bool:
        """Whether ``opportunities`` would yield this one, told without its rows."""
        columns = (record.c.id, record.c.account, record.c.won, record.c.closed_on)
        query = select(*columns).where(record.c.org == self._org, _OWN, record.c.id == id_)
        row = self._connection.execute(query).one_or_none()
        return row is not None and _asked(_head(*row), judged_ids, won_since)

    def own(self, ids: Sequence[str]) -> list[Row]:
        """Return the own rows of these opportunities, in the order of their ids."""
        found: list[Row] = []
        for part in _parts(ids):
            found += self._rows(record.c.id.in_(part), _OWN, order=(record.c.id,))
        return sorted(found, key=lambda row: row.id)

    def heads(self) -> Iterator[Head]:
        """Yield all stored opportunities without their rows, in the order of their ids."""
        for page in self._heads():
            yield from page

    def children(self, parents: Sequence[str]) -> Iterator[Child]:
        """Yield the rows under these opportunities or accounts, without their bodies."""
        columns = (record.c.parent, record.c.kind, record.c.id, record.c.stamp)
        for part in _parts(parents):
            query = select(*columns).where(record.c.org == self._org, record.c.parent.in_(part))
            for row in self._connection.execute(query):
                yield Child(*row)

    def stored(self, ids: Sequence[str]) -> set[str]:
        """Return which of these ids a row is stored for, whatever its kind."""
        found: set[str] = set()
        for part in _parts(ids):
            query = select(record.c.id).where(record.c.org == self._org, record.c.id.in_(part))
            found.update(self._connection.execute(query).scalars())
        return found

    def _heads(self) -> Iterator[list[Head]]:
        last = ""
        columns = (record.c.id, record.c.account, record.c.won, record.c.closed_on)
        while True:
            query = (
                select(*columns)
                .where(record.c.org == self._org, _OWN, record.c.id > last)
                .order_by(record.c.id)
                .limit(PAGE)
            )
            page = [_head(*row) for row in self._connection.execute(query).all()]
            if not page:
                return
            yield page
            last = page[-1].id

    def _read(self, heads: Sequence[Head]) -> Iterator[tuple[str, list[Row]]]:
        accounts = sorted({head.account for head in heads if head.account is not None})
        siblings = self._siblings(accounts)
        rows = self._by_parent([*(head.id for head in heads), *accounts])
        for head in heads:
            found = list(rows.pop(head.id, ()))
            if head.account is not None:
                found += rows.get(head.account, ())
                found += (row for row in siblings.get(head.account, ()) if row.id != head.id)
            yield head.id, found

    def _by_parent(self, ids: Sequence[str]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for part in _parts(ids):
            for row in self._rows(record.c.parent.in_(part)):
                found.setdefault(row.parent, []).append(row)
        return found

    def _siblings(self, accounts: Sequence[str]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for part in _parts(accounts):
            # In the order of its index: another one makes SQLite walk the whole organization.
            for row in self._rows(
                record.c.account.in_(part), _OWN, order=(record.c.account, record.c.id)
            ):
                found.setdefault(str(row.account), []).append(row)
        return found

    def _rows(
        self,
        *conditions: Any,
        order: Sequence[Any] = (record.c.parent, record.c.kind, record.c.id),
    ) -> Iterator[Row]:
        query = select(
            record.c.kind,
            record.c.id,
            record.c.parent,
            record.c.stamp,
            record.c.body,
            record.c.account,
            record.c.closed_on,
            record.c.won,
        ).where(record.c.org == self._org, *conditions)
        found = self._connection.execute(query.order_by(*order)).all()
        for kind, id_, parent, stamp, body, account, closed_on, won in found:
            yes = None if won is None else bool(won)
            yield Row(kind, id_, parent, stamp, loads(body), account, closed_on, yes)

    def count(self, kind: str | None = None) -> int:
        """Return how many rows of a kind there are; None: how many opportunities."""
        which = _OWN if kind is None else record.c.kind == kind
        query = select(func.count()).select_from(record).where(record.c.org == self._org, which)
        return int(self._connection.execute(query).scalar_one())

    def marks(self) -> dict[str, str]:
        """Return the watermark of every kind; empty before the first pull."""
        query = select(watermark.c.kind, watermark.c.mark).where(watermark.c.org == self._org)
        return {row.kind: row.mark for row in self._connection.execute(query)}

    def set_marks(self, marks: Mapping[str, str]) -> None:
        """Move watermarks. Kinds that are not named keep theirs."""
        rows = [{"org": self._org, "kind": k, "mark": m} for k, m in marks.items()]
        if rows:
            self._connection.execute(upsert(self._connection, watermark), rows)

    def forget(self, opportunities: Iterable[str]) -> int:
        """Remove all rows of these opportunities; return how many they were."""
        removed = 0
        for part in _parts(list(opportunities)):
            removed += self._connection.execute(
                delete(record).where(record.c.org == self._org, record.c.parent.in_(part))
            ).rowcount
        return removed


def _head(id_: str, account: str | None, won: int | None, closed_on: date | None) -> Head:
    return Head(id_, account, closed_on, None if won is None else bool(won))


def _asked(head: Head, wanted: Collection[str], won_since: date | None) -> bool:
    if head.won is None or head.id in wanted:
        return True
    if won_since is None or not head.won:
        return False
    return head.closed_on is None or head.closed_on >= won_since


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _IN_LIST):
        yield ids[start : start + _IN_LIST]


__all__ = ["PAGE", "Mirror"]

"""What a run wants to say at its end, kept on disk until then.

A plan of a large organization does not fit in memory, and JSON wants all findings before all
writes. The items go into a nameless database of SQLite's own, which the system removes with the
process. It is none of the store's tables, so it survives the roll-back of a dry run.

It is no state: nothing of it is there in the next run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from crmrules.state.columns import dumps, loads
from crmrules.state.failures import translated

_PAGE = 500


class Spool:
    """Lists of JSON values, appended to in any order, read back each in its own."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=OFF")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("PRAGMA cache_size=-4000")
        self._connection.execute(
            "CREATE TABLE item (list TEXT, place INTEGER, value BLOB, PRIMARY KEY (list, place))"
            " WITHOUT ROWID"
        )
        self._connection.execute("BEGIN")
        self._counts: dict[str, int] = {}

    def add(self, name: str, item: Any) -> None:
        """Append a JSON value to a list. Raises StateError when the disk is full."""
        place = self._counts.get(name, 0)
        self._run("INSERT INTO item VALUES (?, ?, ?)", (name, place, dumps(item)))
        self._counts[name] = place + 1

    def count(self, name: str) -> int:
        """Return how many items a list has."""
        return self._counts.get(name, 0)

    def read(self, name: str) -> Iterator[Any]:
        """Yield a list in the order it was written."""
        last = -1
        query = "SELECT place, value FROM item WHERE list = ? AND place > ? ORDER BY place LIMIT ?"
        while page := self._run(query, (name, last, _PAGE)):
            for _, value in page:
                yield loads(value)
            last = page[-1][0]

    def most(
        self, name: str, field: str, limit: int, *, but: tuple[str, str]
    ) -> list[tuple[str, int]]:
        """Return the values a field has most often in a list, each with how often, most first.

        ``but``: (field, value) of the items that do not count. The counting is done on disk.
        """
        query = (
            "SELECT json_extract(CAST(value AS TEXT), '$.' || ?) AS found, COUNT(*) AS times "
            "FROM item WHERE list = ? AND json_extract(CAST(value AS TEXT), '$.' || ?) <> ? "
            "GROUP BY found ORDER BY times DESC, found LIMIT ?"
        )
        return [(found, n) for found, n in self._run(query, (field, name, *but, limit))]

    def _run(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            ours = translated(error)
            if ours is None:
                raise
            raise ours from error

    def close(self) -> None:
        """Let the disk space go."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the spool."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

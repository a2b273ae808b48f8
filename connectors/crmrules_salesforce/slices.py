"""A query in slices: how what is left of it can be read by more than one cursor.

Know before changing: the rows of a slice are ordered by creation, cursors walk it upwards from its
start and downwards from its end, and it is complete when their counts add up to its size. A new
cursor in the middle divides it, which needs a moment that lies strictly between the two walks.

It sends nothing; the planner decides which cursor moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

PAGE = 2000


@dataclass(frozen=True, slots=True)
class Query:
    """One query without its order. ``splits``: CreatedDate is selected, so it may be divided."""

    name: str
    select: str  # "SELECT ... FROM X"
    where: str = ""
    all_rows: bool = False
    splits: bool = True

    def soql(self, low: str | None, high: str | None, *, down: bool) -> str:
        """Return the text for the rows created from ``low`` on and before ``high``."""
        parts = [f"({self.where})"] if self.where else []
        parts += [f"CreatedDate >= {low}"] if low else []
        parts += [f"CreatedDate < {high}"] if high else []
        condition = f" WHERE {' AND '.join(parts)}" if parts else ""
        way = "DESC" if down else "ASC"
        order = f"CreatedDate {way}, Id {way}" if self.splits else "Id"
        return f"{self.select}{condition} ORDER BY {order}"


@dataclass(slots=True, eq=False)
class Cursor:
    """One walk through a segment, upwards or downwards."""

    segment: Segment
    down: bool = False
    low: str | None = None
    high: str | None = None
    opened: bool = False
    url: str | None = None
    rows: int = 0
    last: str | None = None
    failures: int = 0


@dataclass(slots=True, eq=False)
class Segment:
    """The rows of one query between two moments; ``size`` is known once a cursor is open."""

    query: Query
    low: str | None = None
    high: str | None = None
    size: int | None = None
    page: int = PAGE
    left: Cursor | None = None
    right: Cursor | None = None
    finished: bool = False

    def cursors(self) -> list[Cursor]:
        """Return the walks that are under way."""
        return [c for c in (self.left, self.right) if c is not None]

    def pages_left(self) -> int:
        """Return how many pages are missing; 1 when that is not known yet."""
        if self.finished:
            return 0
        if self.size is None:
            return 1
        got = sum(cursor.rows for cursor in self.cursors())
        return max(0, math.ceil((self.size - got) / self.page))


def start(query: Query) -> Segment:
    """Return the one slice a query begins with."""
    segment = Segment(query)
    segment.left = Cursor(segment)
    return segment


def restart(segment: Segment, failures: int) -> None:
    """Read one slice again from its start, because the server has forgotten a cursor of it."""
    segment.left = Cursor(segment, low=segment.low, high=segment.high, failures=failures)
    segment.right, segment.size, segment.finished = None, None, False


def longest(segments: list[Segment], taken: list[Cursor]) -> Cursor | None:
    """Return the open cursor whose segment has most pages left per cursor, if any is useful."""
    best, load = None, 0.0
    for segment in segments:
        busy = sum(cursor.segment is segment for cursor in taken)
        free = [c for c in segment.cursors() if c.opened and c.url and c not in taken]
        missing = segment.pages_left() - busy
        if free and missing > 0 and missing / len(free) > load:
            best, load = free[0], missing / len(free)
    return best


def another(segments: list[Segment], taken: list[Cursor]) -> Cursor | None:
    """Return a further cursor for the segment with most left to read, from its end or middle."""
    best, most = None, 0
    for segment in segments:
        busy = [cursor for cursor in taken if cursor.segment is segment]
        new = any(not cursor.opened for cursor in busy)
        missing = segment.pages_left() - len(busy)
        if segment.size is None or not segment.query.splits or new or missing <= most:
            continue
        cursor = _from_end(segment) or _from_middle(segment)
        if cursor is not None:
            best, most = cursor, missing
    return best


def _from_end(segment: Segment) -> Cursor | None:
    if segment.right is not None:
        return None
    return Cursor(segment, down=True, low=segment.low, high=segment.high)


def _from_middle(segment: Segment) -> Cursor | None:
    left, right = segment.left, segment.right
    if left is None or right is None or left.last is None or right.last is None:
        return None
    start, end = _moment(left.last), _moment(right.last)
    middle = (start + (end - start) / 2).replace(microsecond=0)
    if not start + timedelta(seconds=1) < middle < end:
        return None
    low = middle.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Cursor(segment, low=low, high=segment.high)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")

"""Read many queries with the fewest calls: five pages ride in each composite call.

Know before changing: a cursor can only be followed page by page, so a long object would leave four
of five slots empty. Its rows are ordered by creation, and whenever a slot is free another cursor
starts from the other end or from the middle of what is left; two cursors stop where their counts
say that they have met. Pages may overlap there: rows are facts with an id, so reading
one twice changes nothing.
Salesforce allows a user ten open cursors; nine are used.

It knows nothing of tables or watermarks and keeps no page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from crmrules.errors import RetryableError
from crmrules_salesforce.errors import LocatorGoneError, TooLargeError, error_for
from crmrules_salesforce.http import TRIES, Transport

PAGE = 2000
WIDTHS = (5, 2, 1)
CURSORS = 9


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


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one page, and whether its query is now completely read."""

    query: Query
    records: list[Mapping[str, Any]]
    last: bool


class Planner:
    """Reads a set of queries to the end, page by page."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._width = 0  # index in WIDTHS
        self._segments: dict[str, list[Segment]] = {}
        self._retries = 0

    def read(self, queries: list[Query]) -> Iterator[Page]:
        """Yield all pages. Raises RetryableError when a query fails for good, AccessError, ..."""
        self._segments = {query.name: [_start(query)] for query in queries}
        while True:
            cursors = self._choose()
            if not cursors:
                return
            yield from self._round(cursors)

    def _all(self) -> Iterator[Segment]:
        for group in self._segments.values():
            yield from group

    def _choose(self) -> list[Cursor]:
        """Pick what rides in the next call: new queries, then whatever has most left to read."""
        width = WIDTHS[self._width]
        segments = [segment for segment in self._all() if segment.pages_left()]
        taken: list[Cursor] = []
        running = sum(c.opened and c.url is not None for s in segments for c in s.cursors())
        for segment in segments:
            cursor = segment.left
            new = cursor is not None and not cursor.opened
            if cursor is not None and new and len(taken) < width and running < CURSORS:
                taken.append(cursor)
                running += 1
        while len(taken) < width:
            cursor = _longest(segments, taken)
            if cursor is None:
                break
            taken.append(cursor)
        while len(taken) < width and running < CURSORS:
            cursor = _another(segments, taken)
            if cursor is None:
                break
            taken.append(cursor)
            running += 1
        return taken

    def _round(self, cursors: list[Cursor]) -> Iterator[Page]:
        body = {
            "allOrNone": False,
            "collateSubrequests": False,
            "compositeRequest": [self._part(f"q{n}", c) for n, c in enumerate(cursors)],
        }
        try:
            answer = self._transport.read("POST", "composite", body)
        except TooLargeError:
            self._shrink()
            return
        parts = {part["referenceId"]: part for part in answer["compositeResponse"]}
        answered = [(cursor, parts.get(f"q{n}")) for n, cursor in enumerate(cursors)]
        del answer, parts, body
        failed = False
        for cursor, part in answered:
            if part is None or part["httpStatusCode"] != 200:
                self._failed(cursor, part)
                failed = True
                continue
            page = self._take(cursor, part["body"])
            part["body"] = None  # the page is the caller's now
            yield page
        self._retries = self._retries + 1 if failed else 0
        if failed:
            self._transport.pause(self._retries)

    def _part(self, reference: str, cursor: Cursor) -> dict[str, Any]:
        if cursor.url is not None:
            return {"method": "GET", "referenceId": reference, "url": cursor.url}
        query = cursor.segment.query
        soql = query.soql(cursor.low, cursor.high, down=cursor.down)
        resource = "queryAll" if query.all_rows else "query"
        return {
            "method": "GET",
            "referenceId": reference,
            "url": f"{self._transport.base}{resource}?q={quote(soql)}",
            "httpHeaders": {"Sforce-Query-Options": f"batchSize={PAGE}"},
        }

    def _take(self, cursor: Cursor, body: Mapping[str, Any]) -> Page:
        records = list(body["records"])
        segment = cursor.segment
        cursor.rows += len(records)
        cursor.url = body.get("nextRecordsUrl")
        if records:
            cursor.last = records[-1].get("CreatedDate")
        if not cursor.opened:
            cursor.opened = True
            self._opened(cursor, int(body["totalSize"]), len(records))
        if body["done"]:
            cursor.url = None
            cursor.segment.finished = True
        if not cursor.segment.pages_left():
            cursor.segment.finished = True
        last = all(one.finished for one in self._segments[segment.query.name])
        return Page(segment.query, records, last)

    def _opened(self, cursor: Cursor, total: int, first: int) -> None:
        """Learn sizes from a first page; a cursor from the middle divides its segment there."""
        segment, usage = cursor.segment, self._transport.usage
        if segment.size is None and segment.left is cursor:
            segment.size = total
            segment.page = first if first and total > first else PAGE
            if not cursor.failures:
                usage.pages += max(1, math.ceil(total / segment.page))
                usage.floor = math.ceil(usage.pages / 5)
        elif cursor.down:
            segment.right = cursor
            segment.size = total if segment.left is None else max(total, segment.size or 0)
        else:
            self._divide(segment, cursor, total)

    def _divide(self, segment: Segment, cursor: Cursor, total: int) -> None:
        upper = Segment(segment.query, cursor.low, segment.high, total, segment.page, cursor)
        upper.right, segment.right = segment.right, None
        if upper.right is not None:
            upper.right.segment = upper
        cursor.segment = upper
        segment.high = cursor.low
        segment.size = max(0, (segment.size or 0) - total)
        segment.finished = not segment.pages_left()
        self._segments[segment.query.name].append(upper)

    def _failed(self, cursor: Cursor, part: Mapping[str, Any] | None) -> None:
        """Prepare the cursor for another try, or raise when it has failed too often."""
        name = cursor.segment.query.name
        status, body = (part["httpStatusCode"], part["body"]) if part else (500, None)
        error = error_for(status, body, f"query {name}")
        if not isinstance(error, RetryableError):
            raise error
        cursor.failures += 1
        if cursor.failures >= TRIES:
            raise error
        if isinstance(error, LocatorGoneError):
            _restart(cursor.segment, cursor.failures)
        elif isinstance(error, TooLargeError):
            self._width = min(self._width + 1, len(WIDTHS) - 1)

    def _shrink(self) -> None:
        if self._width == len(WIDTHS) - 1:
            self._retries += 1
            if self._retries >= TRIES:
                raise TooLargeError(
                    "Salesforce cannot answer even one query in time",
                    remedy="narrow what is pulled, or try at a quiet hour",
                )
        self._width = min(self._width + 1, len(WIDTHS) - 1)


def _start(query: Query) -> Segment:
    segment = Segment(query)
    segment.left = Cursor(segment)
    return segment


def _restart(segment: Segment, failures: int) -> None:
    """Read one slice again from its start, because the server has forgotten a cursor of it."""
    segment.left = Cursor(segment, low=segment.low, high=segment.high, failures=failures)
    segment.right, segment.size, segment.finished = None, None, False


def _longest(segments: list[Segment], taken: list[Cursor]) -> Cursor | None:
    """Return the open cursor whose segment has most pages left per cursor, if any is useful."""
    best, load = None, 0.0
    for segment in segments:
        busy = sum(cursor.segment is segment for cursor in taken)
        free = [c for c in segment.cursors() if c.opened and c.url and c not in taken]
        missing = segment.pages_left() - busy
        if free and missing > 0 and missing / len(free) > load:
            best, load = free[0], missing / len(free)
    return best


def _another(segments: list[Segment], taken: list[Cursor]) -> Cursor | None:
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
